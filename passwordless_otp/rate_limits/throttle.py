"""The limits of a step: consume what it may use before it does anything, and refund what it did not use.

1. Each context manager here consumes the buckets of its step, committed at once (`rules` names them).
2. The step runs. If it raises, everything is refunded, except when a code was compared and was wrong.
3. A success also refunds what its verification has kept from earlier steps, once (`rules.REFUNDED`).
"""

from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import DatabaseError

from passwordless_otp import conf, events
from passwordless_otp.errors import ServiceUnavailable
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import InstanceSettings, Verification
from passwordless_otp.models.instance_settings.limits import LIMITS
from passwordless_otp.rate_limits import code_strength, rules, windows
from passwordless_otp.rate_limits.code_strength import CodeFormat, EscalationRule
from passwordless_otp.rate_limits.windows import Bucket, Consumed, LimitReceipt
from passwordless_otp.visitor import Visitor


class CodePolicy(Protocol):
    """What limits look at in the policy of a step (`flows.policy`)."""

    @property
    def identifier(self) -> IdentifierValue:
        """To whom a message goes, or whose code is handed in."""

    @property
    def recognised(self) -> bool:
        """Whether its holder has signed in with this browser before."""

    @property
    def fixed_code(self) -> str:
        """The code of a test address, which does not grow; else empty."""


@dataclass
class StepLimits:
    """What a step has consumed, and the format that its code must have."""

    consumed: Consumed
    code_format: CodeFormat = code_strength.SHORT

    @property
    def receipts(self) -> list[list[object]]:
        """What a success refunds of this, as plain values to be kept with the verification."""
        return [list(receipt) for scope, receipt in self.consumed.receipts if scope in rules.REFUNDED]

    def refund(self, kept: Iterable[Iterable[Any]] = ()) -> None:
        """Refund all of it, and what was `kept` from earlier steps. If the database fails, it stays counted."""
        receipts = Tally(receipt for _, receipt in self.consumed.receipts)
        receipts.update(LimitReceipt(*receipt) for receipt in kept)
        with suppress(DatabaseError, ServiceUnavailable):
            windows.refund(receipts)


@contextmanager
def consuming(buckets: Iterable[Bucket], read: Iterable[Bucket] = ()) -> Iterator[StepLimits]:
    """Consume these while the step runs; the totals of those to `read` come along. Raises `TooManyRequests`."""
    limits = StepLimits(windows.consume(buckets, read))
    try:
        yield limits
    except BaseException:
        limits.refund()
        raise


@contextmanager
def message(
    settings: InstanceSettings, visitor: Visitor, policy: CodePolicy, also: Iterable[Bucket] = ()
) -> Iterator[StepLimits]:
    """Consume what a message uses, and `also` these. Raises `TooManyRequests`.

    The code of a test address does not grow: it is fixed.
    """
    identifier, recognised = policy.identifier, policy.recognised
    buckets = [*also, *rules.for_message(settings, visitor, identifier, recognised)]
    failures = rules.failures(settings, visitor, identifier, recognised)
    escalations = rules.escalations(visitor, identifier, recognised)
    with consuming(buckets, read=[*failures, *escalations.values()]) as limits:
        if not policy.fixed_code:
            longest = conf.longest_code(identifier.kind.channel)
            limits.code_format = code_strength.required_format(
                settings, limits.consumed.totals, recognised, longest
            )
        yield limits


@dataclass
class AttemptLimits(StepLimits):
    """What handing in a code has consumed. After `keep_failure` it stays consumed: the code was wrong."""

    is_failure: bool = False

    def keep_failure(self, settings: InstanceSettings, visitor: Visitor, policy: CodePolicy) -> None:
        """Leave everything consumed: the code was wrong. From some number on, codes are longer for a while."""
        self.is_failure = True
        totals = self.consumed.totals
        escalations = rules.escalations(visitor, policy.identifier, policy.recognised)
        reached = [
            bucket
            for limit, bucket in escalations.items()
            if limit not in settings.tracked_only and totals[limit] >= settings.limit(limit)
        ]
        if reached:
            windows.consume(reached)
        for rule in code_strength.triggered(settings, totals):
            _report(settings, rule, policy)


@contextmanager
def attempt(
    settings: InstanceSettings,
    visitor: Visitor,
    policy: CodePolicy,
    verification: Verification,
    *,
    proof_waits: bool = False,
) -> Iterator[AttemptLimits]:
    """Consume a wrong code beforehand. Raises `TooManyRequests`.

    It is refunded if the code was not compared. If it was right, what earlier steps of its verification have
    consumed is refunded too, and the failures of a month are forgotten unless they are only its own tries. Where
    the proof waits for a step of the site, both are left to `refund_proof`.
    """
    tries, kept = verification.tries, verification.receipts  # before the attempt
    buckets = rules.for_attempt(settings, visitor, policy.identifier, policy.recognised)
    limits = AttemptLimits(windows.consume(buckets))
    totals = limits.consumed.totals
    if not policy.fixed_code:
        before = {scope: total - 1 for scope, total in totals.items()}  # without this attempt
        longest = conf.longest_code(policy.identifier.kind.channel)
        limits.code_format = code_strength.required_format(settings, before, policy.recognised, longest)
    try:
        yield limits
    except BaseException:
        if not limits.is_failure:
            limits.refund()
        raise
    limits.refund([] if proof_waits else kept)
    if (
        not proof_waits and totals["identifier_failures_per_month"] > tries + 1
    ):  # this verification's own, with this attempt
        [monthly] = [bucket for bucket in buckets if bucket.scope == "identifier_failures_per_month"]
        with suppress(DatabaseError):
            windows.reset(monthly)


def refund_proof(
    settings: InstanceSettings, visitor: Visitor, proven: Iterable[Verification], *, recognised: bool
) -> None:
    """Refund what these verifications have kept, and forget the failures of a month, as a right code does."""
    for verification in proven:
        StepLimits(Consumed({}, [])).refund(verification.receipts)
        buckets = [] if recognised else rules.failures(settings, visitor, verification.identifier, False)
        for monthly in [each for each in buckets if each.scope == "identifier_failures_per_month"]:
            with suppress(DatabaseError):
                windows.reset(monthly)


def _report(settings: InstanceSettings, rule: EscalationRule, policy: CodePolicy) -> None:
    everywhere = rule.scope == "instance"
    if rule.limit in settings.tracked_only:
        number, seconds = settings.limit(rule.limit), LIMITS[rule.limit].seconds
        subject = () if everywhere else tuple(policy.identifier)
        events.limit_reached(rule.limit, number, seconds, subject, enforced=False)
        return
    scope = "browser" if policy.recognised and not everywhere else rule.scope
    code_format = code_strength.fitted(rule.code_format, conf.longest_code(policy.identifier.kind.channel))
    events.code_format_escalated(rule.limit, scope, policy.identifier, *code_format)
