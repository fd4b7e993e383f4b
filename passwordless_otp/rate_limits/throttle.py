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

from passwordless_otp import events
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import InstanceSettings, Verification, transactions
from passwordless_otp.models.counters import LimitReceipt
from passwordless_otp.models.instance_settings.limits import LIMITS
from passwordless_otp.rate_limits import code_strength, rules, windows
from passwordless_otp.rate_limits.windows import Bucket, Consumed
from passwordless_otp.visitor import Visitor

# What a success gives back: shared by people, or about wrong codes. Messages to one identifier stay counted.
REFUNDED = {
    "ip_flows",
    "ip_messages",
    "ip_sms",
    "ip_failures",
    "instance_emails",
    "identifier_failures",
    "identifier_failures_per_day",
    "identifier_failures_per_month",
    "instance_failures",
    "instance_failures_per_day",
}


T = TypeVar("T")


@dataclass
class AttemptThrottle:
    """What stands before a code: the try has to be paid, and perhaps nobody may pass."""

    identifier: IdentifierValue
    visitor: Visitor
    recognised: bool
    settings: InstanceSettings
    may_pass: bool = True
    test_code: str = field(default="", repr=False)  # an exception would tell it
    paid: dict[str, Consumed] = field(default_factory=dict)

    def pay(self) -> code_strength.CodeFormat:
        """Pay for a wrong code beforehand; return what a code has to look like. Raises `TooManyRequests`."""
        self.paid = consume(rules.for_attempt(self.identifier, self.visitor, self.recognised, self.settings))
        if self.test_code:
            return code_strength.SHORT
        before = {name: taken.total - 1 for name, taken in self.paid.items()}
        return code_strength.format_after(before, self.recognised, self.settings)

    @property
    def receipts(self) -> list[list[object]]:
        """What a success gives back of this payment."""
        return receipts(self.paid)

    def refund(self) -> None:
        """It was no wrong code."""
        refund(self.paid)

    def reward(self, verification: Verification) -> None:
        """It was right: give back what its verification took, once; nobody's tries stand against it any more."""
        refund(self.paid, verification.receipts)
        if self.paid["identifier_failures_per_month"].total > verification.tries:
            with suppress(DatabaseError):
                windows.reset(
                    rules.failures_per_month(self.identifier, self.visitor, self.recognised, self.settings)
                )

    def hold(self) -> None:
        """It was a wrong code: from some number on, codes stay long for a while."""
        held = rules.for_escalation(self.identifier, self.visitor, self.recognised)
        counted = ["identifier_failures", "instance_failures"]
        grown = [hold for hold, name in zip(held, counted, strict=True) if self._over(name)]
        if grown:
            consume(grown)
        for tier in code_strength.triggered(
            {name: taken.total for name, taken in self.paid.items()}, self.settings
        ):
            self._tell(tier)

    def _tell(self, tier: code_strength.EscalationRule) -> None:
        everywhere = tier.scope == "instance"
        if tier.limit in self.settings.tracked_only:
            subject = () if everywhere else tuple(self.identifier)
            number, seconds = self.settings.limit(tier.limit), LIMITS[tier.limit].seconds
            events.limit_reached(tier.limit, number, seconds, subject, enforced=False)
            return
        scope = "browser" if self.recognised and not everywhere else tier.scope
        events.code_format_escalated(tier.limit, scope, self.identifier, *tier.shape)

    def _over(self, name: str) -> bool:
        return name not in self.settings.tracked_only and self.paid[name].total >= self.settings.limit(name)


def consume(buckets: Iterable[Bucket]) -> dict[str, Consumed]:
    """Pay, at once and for good. Raises `TooManyRequests`, and nothing was paid."""
    asked = list(buckets)
    by_scope = {bucket.scope: bucket for bucket in asked}
    try:
        paid = transactions.run_step(lambda: windows.consume(*asked))
    except TooManyRequests as refusal:
        windows.report_reached(by_scope[refusal.scope])
        raise
    for taken in paid:
        if by_scope[taken.scope].overrun(taken.total):
            windows.report_reached(by_scope[taken.scope])
    return {taken.scope: taken for taken in paid}


def run_step(buckets: Iterable[Bucket], step: Callable[[list[list[object]]], T], *rows: models.Model) -> T:
    """Pay, and run this step of a flow with the receipts to keep. What it has no use for is given back.

    That is all of it where the step raises, or answers `None`.
    """
    paid = consume(buckets)
    try:
        outcome = transactions.run_step(lambda: step(receipts(paid)), *rows)
    except BaseException:
        refund(paid)
        raise
    if outcome is None:
        refund(paid)
    return outcome


def receipts(paid: dict[str, Consumed]) -> list[list[object]]:
    """Return what of this a success gives back, as plain values to be kept with the verification."""
    return [list(taken.share) for name, taken in paid.items() if name in REFUNDED]


def refund(paid: dict[str, Consumed], kept: Iterable[Iterable[Any]] = ()) -> None:
    """Undo a payment, and what was kept of earlier ones. Where that fails it stays counted, and no step fails."""
    with suppress(DatabaseError):
        windows.refund(*[taken.share for taken in paid.values()], *[LimitReceipt(*share) for share in kept])
