"""Who asks: what a flow may know of a request. `clients` makes it; flows see no request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from passwordless_otp import keys
from passwordless_otp.identifiers import IdentifierValue

RECOGNISED = "recognised"  # purpose of the digests that completed flows keep, to recognise a browser by


class Group(StrEnum):
    """How a browser is known for an identifier. Each group has counters of its own and fills no others."""

    OTHERS = ""
    RECOGNISED = "recognised"  # its holder has signed in with this browser in the last 180 days
    UNLOCKED = "unlocked"  # it has opened the link of an email to this address within the hour


@dataclass(frozen=True)
class Visitor:
    """The browser of a request. Client digests are SHA-256 of the secret in its cookie, in hexadecimal."""

    client: str  # the digest that new flows are stored under
    next_client: str  # the digest of the cookie that the browser gets once something is proven
    ip: str  # the IPv4 address or IPv6 /64 that limits count by; empty if unknown
    users: frozenset[Any] = field(default_factory=frozenset)  # primary keys: who signed in with it in 180 days
    flows: frozenset[Any] = field(default_factory=frozenset)  # its open flows, by primary key
    # The site's bot check, if it has one.
    is_human: Callable[[], bool] | None = field(default=None, compare=False)
    # Keyed digests of the identifiers of these `users`: for them this browser is recognised.
    recognised: frozenset[str] = field(default_factory=frozenset)

    def group_for(self, identifier: IdentifierValue) -> Group:
        """Return whether this browser is recognised for `identifier`, without a statement.

        Whether it holds the grant of an unlock link is asked only where a limit refuses it (`throttle`).
        """
        if not self.recognised.isdisjoint(keys.digests(RECOGNISED, *identifier)):
            return Group.RECOGNISED
        return Group.OTHERS
