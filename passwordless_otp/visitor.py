"""Who asks: what a flow is told of a request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from passwordless_otp.errors import CaptchaInvalid


def assume_human() -> bool:
    """Take it for a human being's."""
    return True


@dataclass(frozen=True)
class Visitor:
    """One browser. Its digests are SHA-256 of the secrets in its cookie."""

    client: str  # the digest that a new flow is filed under
    next_client: str  # the digest that the browser will hold once something is proven
    ip: str  # the IPv4 address or IPv6 /64 that limits count by; empty where none is known
    users: frozenset[Any] = field(default_factory=frozenset)  # whom it has signed in of late, by primary key
    flows: frozenset[Any] = field(default_factory=frozenset)  # its open flows, by primary key
    is_human: Callable[[], bool] = field(default=assume_human, compare=False)  # asks the site's bot check

    def recognised_by(self, user: Any) -> bool:
        """Tell whether this user has signed in here before: then strangers' limits do not hold for it."""
        return user is not None and user.pk in self.users

    def require_human(self) -> None:
        """Raise `CaptchaInvalid` where the site's bot check does not take it for a human being's."""
        if not self.is_human():
            raise CaptchaInvalid
