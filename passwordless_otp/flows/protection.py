"""Pay for a step, within the limits that the operator has set.

A step pays before it does anything, in a statement of its own, and gets back what it did not use. A sign-in or
sign-up that succeeds gets back what it took from those that people share, so that a school behind one IP address
is not shut out; never more than that, or a success would clear the way for a stranger.
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.db import DatabaseError, models

from passwordless_otp import events, limits
from passwordless_otp.browsers import Browser
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.flows import costs, shapes, transactions
from passwordless_otp.identifiers import Address
from passwordless_otp.limits import Bucket, Taken
from passwordless_otp.models import InstanceSettings, Verification
from passwordless_otp.models.counters import Share
from passwordless_otp.models.limit_settings import LIMITS

# What a success gives back: shared by people, or about wrong codes. Messages to one identifier stay counted.
SHARED = {
    "ip_flows", "ip_messages", "ip_sms", "ip_failures", "instance_emails",
    "identifier_failures", "identifier_siege", "identifier_streak", "instance_failures", "instance_siege",
}  # fmt: skip


T = TypeVar("T")


@dataclass
class Guard:
    """What stands before a code: the try has to be paid, and perhaps nobody may pass."""

    address: Address
    browser: Browser
    recognised: bool
    settings: InstanceSettings
    may_pass: bool = True
    test_code: str = field(default="", repr=False)  # an exception would tell it
    paid: dict[str, Taken] = field(default_factory=dict)

    def pay(self) -> shapes.Shape:
        """Pay for a wrong code beforehand; return what a code has to look like. Raises `TooManyRequests`."""
        self.paid = pay(costs.of_try(self.address, self.browser, self.recognised, self.settings))
        if self.test_code:
            return shapes.SHORT
        before = {name: taken.total - 1 for name, taken in self.paid.items()}
        return shapes.after(before, self.recognised, self.settings)

    @property
    def shares(self) -> list[list[object]]:
        """What a success gives back of this payment."""
        return shares(self.paid)

    def give_back(self) -> None:
        """It was no wrong code."""
        give_back(self.paid)

    def reward(self, verification: Verification) -> None:
        """It was right: give back what its verification took, once; nobody's tries stand against it any more."""
        give_back(self.paid, verification.shares)
        if self.paid["identifier_streak"].total > verification.tries:
            with suppress(DatabaseError):
                limits.forget(costs.of_streak(self.address, self.browser, self.recognised, self.settings))

    def hold(self) -> None:
        """It was a wrong code: from some number on, codes stay long for a while."""
        held = costs.of_growth(self.address, self.browser, self.recognised)
        counted = ["identifier_failures", "instance_failures"]
        grown = [hold for hold, name in zip(held, counted, strict=True) if self._over(name)]
        if grown:
            pay(grown)
        for tier in shapes.crossed({name: taken.total for name, taken in self.paid.items()}, self.settings):
            self._tell(tier)

    def _tell(self, tier: shapes.Tier) -> None:
        everywhere = tier.scope == "instance"
        if tier.limit in self.settings.tracked_only:
            subject = () if everywhere else tuple(self.address)
            number, seconds = self.settings.limit(tier.limit), LIMITS[tier.limit].seconds
            events.limit_reached(tier.limit, number, seconds, subject, enforced=False)
            return
        scope = "browser" if self.recognised and not everywhere else tier.scope
        events.tier_changed(tier.limit, scope, self.address, *tier.shape)

    def _over(self, name: str) -> bool:
        return name not in self.settings.tracked_only and self.paid[name].total >= self.settings.limit(name)


def pay(buckets: Iterable[Bucket]) -> dict[str, Taken]:
    """Pay, at once and for good. Raises `TooManyRequests`, and nothing was paid."""
    asked = list(buckets)
    by_scope = {bucket.scope: bucket for bucket in asked}
    try:
        paid = transactions.run(lambda: limits.take(*asked))
    except TooManyRequests as refusal:
        limits.tell(by_scope[refusal.scope])
        raise
    for taken in paid:
        if by_scope[taken.scope].overrun(taken.total):
            limits.tell(by_scope[taken.scope])
    return {taken.scope: taken for taken in paid}


def run(buckets: Iterable[Bucket], step: Callable[[list[list[object]]], T], *rows: models.Model) -> T:
    """Pay, and run this step of a flow with the shares to keep. What it has no use for is given back.

    That is all of it where the step raises, or answers `None`.
    """
    paid = pay(buckets)
    try:
        outcome = transactions.run(lambda: step(shares(paid)), *rows)
    except BaseException:
        give_back(paid)
        raise
    if outcome is None:
        give_back(paid)
    return outcome


def shares(paid: dict[str, Taken]) -> list[list[object]]:
    """Return what of this a success gives back, as plain values to be kept with the verification."""
    return [list(taken.share) for name, taken in paid.items() if name in SHARED]


def give_back(paid: dict[str, Taken], kept: Iterable[Iterable[Any]] = ()) -> None:
    """Undo a payment, and what was kept of earlier ones. Where that fails it stays counted, and no step fails."""
    with suppress(DatabaseError):
        limits.give_back(*[taken.share for taken in paid.values()], *[Share(*share) for share in kept])
