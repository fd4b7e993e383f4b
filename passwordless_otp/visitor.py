"""Who asks: what a flow may know of a request. `clients` makes it; flows see no request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from passwordless_otp.errors import CaptchaInvalid


def assume_human() -> bool:
    """Return `True`: the default where no bot check applies."""
    return True


@dataclass(frozen=True)
class Visitor:
    """The browser of a request. Client digests are SHA-256 of the secret in its cookie, in hexadecimal."""

    client: str  # the digest that new flows are stored under
    next_client: str  # the digest of the cookie that the browser gets once something is proven
    ip: str  # the IPv4 address or IPv6 /64 that limits count by; empty if unknown
    users: frozenset[Any] = field(
        default_factory=frozenset
    )  # who signed in with it in the last 180 days, by primary key
    flows: frozenset[Any] = field(default_factory=frozenset)  # its open flows, by primary key
    is_human: Callable[[], bool] = field(default=assume_human, compare=False)  # asks the site's bot check

    def recognised_by(self, user: Any) -> bool:
        """Return whether this user has signed in with this browser: it then has limits of its own."""
        return user is not None and user.pk in self.users

    def require_human(self) -> None:
        """Ask the site's bot check. Raises `CaptchaInvalid` if it does not accept the request."""
        if not self.is_human():
            raise CaptchaInvalid
