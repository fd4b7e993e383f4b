"""How long a code has to be: it grows with the wrong ones, so that guessing never pays."""

from typing import NamedTuple

from passwordless_otp import codes, limits
from passwordless_otp.browsers import Browser
from passwordless_otp.flows import costs
from passwordless_otp.identifiers import Address
from passwordless_otp.models import InstanceSettings


class Shape(NamedTuple):
    """What a code looks like."""

    length: int
    alphabet: str


SHORT, LONG, UNGUESSABLE = Shape(6, codes.DIGITS), Shape(8, codes.DIGITS), Shape(13, codes.BASE32)


class Tier(NamedTuple):
    """From as many wrong codes on as this limit says, codes look like this."""

    limit: str
    scope: str
    shape: Shape


TIERS = [
    Tier("identifier_siege", "identifier", UNGUESSABLE),
    Tier("identifier_streak", "identifier", UNGUESSABLE),
    Tier("identifier_failures", "identifier", LONG),
    Tier("instance_failures", "instance", LONG),
    Tier("instance_siege", "instance", LONG),
]
# What remembers that codes have grown → the limit that has made them grow.
HOLDS = {"identifier_held": "identifier_failures", "instance_held": "instance_failures"}


def now(address: Address, browser: Browser, recognised: bool, settings: InstanceSettings) -> Shape:
    """Return what a code for `address` has to look like now."""
    tries = costs.of_try(address, browser, recognised, settings)[1:]
    held = costs.of_growth(address, browser, recognised)
    numbers = limits.counts(*tries, *held)
    counted = {each.scope: number for each, number in zip([*tries, *held], numbers, strict=True)}
    return after(counted, recognised, settings)


def after(counted: dict[str, int], recognised: bool, settings: InstanceSettings) -> Shape:
    """Return what a code has to look like, with so many wrong ones counted."""
    asked = [SHORT]
    for tier in TIERS:
        enforced = tier.limit not in settings.tracked_only
        if enforced and counted.get(tier.limit, 0) >= settings.limit(tier.limit):
            asked.append(tier.shape if tier.scope == "identifier" or not recognised else SHORT)
    for scope, limit in HOLDS.items():
        held = counted.get(scope) and limit not in settings.tracked_only
        if held and (scope == "identifier_held" or not recognised):
            asked.append(LONG)
    return max(asked)


def crossed(counted: dict[str, int], settings: InstanceSettings) -> list[Tier]:
    """Return what the last of so many wrong codes has reached."""
    return [tier for tier in TIERS if counted[tier.limit] == settings.limit(tier.limit)]
