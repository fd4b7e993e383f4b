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


def now(address: Address, browser: Browser, recognised: bool, settings: InstanceSettings) -> Shape:
    """Return what a code for `address` has to look like now."""
    tries = costs.of_try(address, browser, recognised, settings)[1:]
    held = costs.of_growth(address, browser, recognised)
    numbers = limits.counts(*tries, *held)
    counted = {each.scope: number for each, number in zip([*tries, *held], numbers, strict=True)}
    return after(counted, recognised, settings)


def after(counted: dict[str, int], recognised: bool, settings: InstanceSettings) -> Shape:
    """Return what a code has to look like, with so many wrong ones counted."""

    def reached(name: str) -> bool:
        return name not in settings.tracked_only and counted.get(name, 0) >= settings.limit(name)

    def held(name: str, scope: str) -> bool:
        return name not in settings.tracked_only and counted.get(scope, 0) > 0

    if reached("identifier_siege") or reached("identifier_streak"):
        return UNGUESSABLE
    if reached("identifier_failures") or held("identifier_failures", "identifier_held"):
        return LONG
    if recognised:
        return SHORT
    everywhere = reached("instance_failures") or held("instance_failures", "instance_held")
    return LONG if everywhere or reached("instance_siege") else SHORT
