"""What a step costs, and how long a code has to be: limits, as the operator has set them.

A step pays before it does anything, in a statement of its own, and gets back what it did not use. A sign-in or
sign-up that succeeds gets back what it took from those that people share, so that a school behind one IP address
is not shut out; never more than that, or a success would clear the way for a stranger.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from django.db import DatabaseError, models

from passwordless_otp import codes, limits
from passwordless_otp.browsers import Browser
from passwordless_otp.flows import transactions
from passwordless_otp.identifiers import Address, mailbox
from passwordless_otp.limits import Bucket, Taken
from passwordless_otp.models import Flow, InstanceSettings
from passwordless_otp.models.counters import Share
from passwordless_otp.models.limit_settings import DAY, LIMITS

HELD = {"identifier": 7 * DAY, "instance": DAY}  # seconds that codes stay long, once they have grown
# What a success gives back: shared by people, or about wrong codes. Messages to one identifier stay counted.
SHARED = {
    "ip_flows", "ip_messages", "ip_sms", "ip_failures", "instance_emails",
    "identifier_failures", "identifier_streak", "instance_failures", "instance_siege",
}  # fmt: skip


T = TypeVar("T")


class Shape(NamedTuple):
    """What a code looks like."""

    length: int
    alphabet: str


SHORT, LONG, UNGUESSABLE = Shape(6, codes.DIGITS), Shape(8, codes.DIGITS), Shape(13, codes.BASE32)


@dataclass
class Guard:
    """What stands before a code: the try has to be paid, and perhaps nobody may pass."""

    address: Address
    browser: Browser
    recognised: bool
    settings: InstanceSettings
    may_pass: bool = True
    test_code: str = ""
    paid: dict[str, Taken] = field(default_factory=dict)

    def pay(self) -> Shape:
        """Pay for a wrong code beforehand; return what a code has to look like. Raises `TooManyRequests`."""
        self.paid = pay(try_costs(self.address, self.browser, self.recognised, self.settings))
        before = {name: taken.total - 1 for name, taken in self.paid.items()}
        return shape_after(before, self.recognised, self.settings)

    def give_back(self) -> None:
        """It was no wrong code."""
        give_back(self.paid)

    def reward(self, flow: Flow) -> None:
        """It was right: give the flow's shares back as well."""
        limits.give_back(
            *[taken.share for taken in self.paid.values()], *[Share(*share) for share in flow.shares]
        )

    def keep(self, flow: Flow) -> None:
        """It was a wrong code: it counts, until this flow succeeds. From some number on codes stay long."""
        flow.shares = [*flow.shares, *shares(self.paid)]
        Flow.objects.filter(pk=flow.pk).update(shares=flow.shares)
        held = _holds(self.address, self.browser, self.recognised)
        counted = ["identifier_failures", "instance_failures"]
        grown = [
            hold
            for hold, name in zip(held, counted, strict=True)
            if self.paid[name].total % self.settings.limit(name) == 0
        ]
        if grown:
            pay(grown)


def flow_costs(browser: Browser, settings: InstanceSettings) -> list[Bucket]:
    """Return what opening a flow counts for."""
    return [bucket(settings, "ip_flows", browser.ip)]


def message_costs(
    address: Address, browser: Browser, recognised: bool, settings: InstanceSettings
) -> list[Bucket]:
    """Return what a message to `address` counts for. A recognised browser shares no bucket with strangers."""
    sms = address.kind.channel == "sms"
    costs = [bucket(settings, "ip_messages", browser.ip)]
    if sms:
        costs.append(bucket(settings, "ip_sms", browser.ip))
    if recognised:
        return [*costs, bucket(settings, "recognised_messages", *address, browser.client)]
    costs += [
        bucket(settings, "identifier_messages", *address),
        bucket(settings, "identifier_ip_messages", *address, browser.ip),
        bucket(settings, "identifier_sms" if sms else "identifier_emails", *address),
    ]
    if sms:
        return costs
    return [
        *costs,
        bucket(settings, "mailbox_messages", mailbox(address.value)),
        bucket(settings, "instance_emails"),
    ]


def try_costs(address: Address, browser: Browser, recognised: bool, settings: InstanceSettings) -> list[Bucket]:
    """Return what a wrong code counts for. All but the IP address's only make codes grow, and refuse nobody."""
    whose = _whose(address, browser, recognised)
    return [
        bucket(settings, "ip_failures", browser.ip),
        bucket(settings, "identifier_failures", *whose, track_only=True),
        bucket(settings, "identifier_streak", *whose, track_only=True),
        bucket(settings, "instance_failures", track_only=True),
        bucket(settings, "instance_siege", track_only=True),
    ]


def pay(costs: Iterable[Bucket]) -> dict[str, Taken]:
    """Pay, at once and for good. Raises `TooManyRequests`, and nothing was paid."""
    return {taken.scope: taken for taken in transactions.run(lambda: limits.take(*costs))}


def run(costs: Iterable[Bucket], step: Callable[[list[list[object]]], T], *rows: models.Model) -> T:
    """Pay, and run this step of a flow with the shares to keep. What was paid for nothing is given back."""
    paid = pay(costs)
    try:
        return transactions.run(lambda: step(shares(paid)), *rows)
    except BaseException:
        with suppress(DatabaseError):
            give_back(paid)
        raise


def shares(paid: dict[str, Taken]) -> list[list[object]]:
    """Return what of this a success gives back, as plain values to be kept with the flow."""
    return [list(taken.share) for name, taken in paid.items() if name in SHARED]


def give_back(paid: dict[str, Taken]) -> None:
    """Undo a payment for what was not done in the end."""
    limits.give_back(*[taken.share for taken in paid.values()])


def shape_now(address: Address, browser: Browser, recognised: bool, settings: InstanceSettings) -> Shape:
    """Return what a code for `address` has to look like now."""
    tries = try_costs(address, browser, recognised, settings)[1:]
    held = _holds(address, browser, recognised)
    numbers = limits.counts(*tries, *held)
    counted = {each.scope: number for each, number in zip([*tries, *held], numbers, strict=True)}
    return shape_after(counted, recognised, settings)


def shape_after(counted: dict[str, int], recognised: bool, settings: InstanceSettings) -> Shape:
    """Return what a code has to look like, with so many wrong ones counted."""

    def reached(name: str, scope: str = "") -> bool:
        return name not in settings.tracked_only and counted.get(scope or name, 0) >= settings.limit(name)

    if reached("identifier_siege", "identifier_failures") or reached("identifier_streak"):
        return UNGUESSABLE
    if reached("identifier_failures") or counted.get("identifier_held"):
        return LONG
    everywhere = reached("instance_failures") or reached("instance_siege") or counted.get("instance_held")
    return LONG if everywhere and not recognised else SHORT


def bucket(settings: InstanceSettings, name: str, *subject: str, track_only: bool = False) -> Bucket:
    """Return the bucket of this limit for this subject."""
    track_only = track_only or name in settings.tracked_only
    return Bucket(name, subject, settings.limit(name), LIMITS[name].seconds, track_only)


def _whose(address: Address, browser: Browser, recognised: bool) -> tuple[str, ...]:
    return (*address, browser.client) if recognised else tuple(address)


def _holds(address: Address, browser: Browser, recognised: bool) -> list[Bucket]:
    whose = _whose(address, browser, recognised)
    return [
        Bucket("identifier_held", whose, 1, HELD["identifier"], track_only=True),
        Bucket("instance_held", (), 1, HELD["instance"], track_only=True),
    ]
