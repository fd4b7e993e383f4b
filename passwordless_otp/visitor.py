"""Who asks: what a flow may know of a request. `clients` makes it; flows see no request."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Visitor:
    """The browser of a request. Client digests are SHA-256 of the secret in its cookie, in hexadecimal."""

    client: str  # the digest that new flows are stored under
    next_client: str  # the digest of the cookie that the browser gets once something is proven
    ip: str  # the IPv4 address or IPv6 /64 that limits count by; empty if unknown
    users: frozenset[Any] = field(default_factory=frozenset)  # primary keys: who signed in with it in 180 days
    flows: frozenset[Any] = field(default_factory=frozenset)  # its open flows, by primary key
    is_human: Callable[[], bool] | None = field(
        default=None, compare=False
    )  # the site's bot check, if it has one
