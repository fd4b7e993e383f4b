"""The limits of a step: consume what it may use before it does anything, and refund what it did not use.

1. Each context manager here consumes the buckets of its step, committed at once (`rules` names them).
2. The step runs. If it raises, everything is refunded, except when a code was compared and was wrong.
3. A right code also refunds what its verification has kept from earlier steps, once, as far as it has cost
   nothing (`Limit.refund`).
"""

from collections import Counter as Tally
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field

from django.db import DatabaseError

from passwordless_otp import conf, events
from passwordless_otp.errors import ServiceUnavailable, TooManyRequests
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, InstanceSettings, UnlockGrant, Verification
from passwordless_otp.models.instance_settings.limits import LIMITS, Refund
from passwordless_otp.rate_limits import code_strength, rules, windows
from passwordless_otp.rate_limits.code_strength import CodeFormat, EscalationRule
from passwordless_otp.rate_limits.windows import Bucket, Consumed, LimitReceipt
from passwordless_otp.visitor import Group, Visitor

# Limits of one email address: an unlock link helps whoever has reached one.
OF_ADDRESS = {"identifier_emails", "identifier_emails_per_day", "mailbox_emails", "mailbox_emails_per_day"}
# What a new account consumes: kept if one was made, and refunded otherwise, also where a code was wrong.
ACCOUNTS = {"ip_sign_ups", "ip_sign_ups_per_day"}


@dataclass
class StepLimits:
    """What a step has consumed, as a browser of which group, and the format that its code must have."""

    consumed: Consumed
    group: Group = Group.OTHERS
    code_format: CodeFormat = code_strength.SHORT
    asked_by: dict[str, object] = field(default_factory=dict)  # for the limits of the worker

    @property
    def receipts(self) -> list[list[object]]:
        """What a success may refund of this, as plain values to be kept: scope, key, window."""
        kept = [each for each in self.consumed.receipts if LIMITS[each[0]].refund != Refund.NEVER]
        return [[scope, *receipt] for scope, receipt in kept]

    @property
    def fills_address(self) -> bool:
        """Whether a limit of this email address, or the share of a source of one, is full now."""
        return not OF_ADDRESS.isdisjoint(self.consumed.full)

    def refund(self, kept: Sequence[Sequence[object]] = (), by: Collection[Refund] = ()) -> None:
        """Refund all of it, and what was `kept` from earlier steps, as far as one of these refunds it.

        If the database fails, it stays counted.
        """
        receipts = Tally(receipt for _, receipt in self.consumed.receipts)
        for scope, key, window in kept:
            if LIMITS[str(scope)].refund in by:
                receipts[LimitReceipt(str(key), int(str(window)))] += 1
        with suppress(DatabaseError, ServiceUnavailable):
            windows.refund(receipts)


@contextmanager
def _refunded_if_it_raises(limits: StepLimits) -> Iterator[StepLimits]:
    """Run the step; if it raises, refund all that it has consumed."""
    try:
        yield limits
    except BaseException:
        limits.refund()
        raise


def consuming(buckets: Iterable[Bucket]) -> AbstractContextManager[StepLimits]:
    """Consume these while the step runs. Raises `TooManyRequests`."""
    return _refunded_if_it_raises(StepLimits(windows.consume(buckets)))


def count_step(
    settings: InstanceSettings, visitor: Visitor, current: Flow | None, typed: Sequence[IdentifierValue] = ()
) -> None:
    """Count a step that consumes nothing else, or its refusal. Raises `TooManyRequests`.

    `typed` are the identifiers of a flow that is not saved yet. A browser that is recognised or unlocked for one
    of the flow, or where nothing was typed for anybody, has a counter of its own.
    """
    typed = typed or (current.identifiers if current else [])
    known = [each for each in typed if visitor.group_for(each)]
    group = Group.RECOGNISED if known else Group.OTHERS
    whose: Sequence[str] | None = known[0] if known else None
    if not typed and visitor.recognised:  # for whomever: one of its digests stands for them
        group, whose = Group.RECOGNISED, [min(visitor.recognised)]
    try:
        windows.consume(rules.for_step(settings, visitor, group, whose))
    except TooManyRequests:
        unlocked: Sequence[str] | None = next((each for each in typed if _is_unlocked(visitor, each)), None)
        if not typed and (held := UnlockGrant.objects.held_by(visitor.client)):
            unlocked = [held]
        if not unlocked:
            raise
        windows.consume(rules.for_step(settings, visitor, Group.UNLOCKED, unlocked))


def flow(
    settings: InstanceSettings, visitor: Visitor, identifiers: Sequence[IdentifierValue]
) -> AbstractContextManager[StepLimits]:
    """Consume a new flow that sends no message while the step runs. Raises `TooManyRequests`.

    One in which nothing was typed counts as a step only, which stays counted.
    """
    if not identifiers:
        count_step(settings, visitor, None)
        return _refunded_if_it_raises(StepLimits(Consumed({}, [])))
    typed = identifiers[0]
    try:
        return consuming(rules.for_flow(settings, visitor, visitor.group_for(typed), typed))
    except TooManyRequests:
        if not _is_unlocked(visitor, typed):
            raise
        return consuming(rules.for_flow(settings, visitor, Group.UNLOCKED, typed))


def account(settings: InstanceSettings, visitor: Visitor) -> AbstractContextManager[StepLimits]:
    """Consume a new account while the step runs that may make one. Raises `TooManyRequests`."""
    return consuming(rules.for_account(settings, visitor))


def message(
    settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue, *, opens_flow: bool = False
) -> AbstractContextManager[StepLimits]:
    """Consume what a message uses, and a new flow. Raises `TooManyRequests`."""
    group = visitor.group_for(identifier) if visitor.recognised else Group.OTHERS
    try:
        consumed = _consume_message(settings, visitor, group, identifier, opens_flow)
    except TooManyRequests:
        if not _is_unlocked(visitor, identifier):
            raise
        group = Group.UNLOCKED
        consumed = _consume_message(settings, visitor, group, identifier, opens_flow)
    longest = conf.longest_code(identifier.kind.channel)
    code_format = code_strength.required_format(settings, consumed.totals, bool(group), longest)
    asked_by = rules.asked_by(settings, visitor, group)
    return _refunded_if_it_raises(StepLimits(consumed, group, code_format, asked_by))


def _consume_message(
    settings: InstanceSettings, visitor: Visitor, group: Group, identifier: IdentifierValue, opens_flow: bool
) -> Consumed:
    buckets = rules.for_message(settings, visitor, group, identifier)
    if opens_flow:
        buckets += rules.for_flow(settings, visitor, group, identifier)
    escalations = rules.escalations(group, identifier).values()
    return windows.consume(buckets, read=[*rules.failures(settings, group, identifier), *escalations])


def _is_unlocked(visitor: Visitor, identifier: IdentifierValue) -> bool:
    return UnlockGrant.objects.holds(visitor.client, identifier)


@dataclass
class AttemptLimits(StepLimits):
    """What handing in a code has consumed. After `keep_failure` it stays consumed: the code was wrong."""

    is_failure: bool = False
    signs_in: bool = False  # the right code signs somebody in who had an account before
    makes_account: bool = False
    proof_waits: bool = False  # for a step of the site: `refund_sign_in` does the rest

    def keep_failure(self, settings: InstanceSettings, identifier: IdentifierValue) -> None:
        """Leave everything consumed but an account: the code was wrong.

        Where that reaches the limit of an escalation rule, codes are longer from now on.
        """
        self.is_failure = True
        if accounts := [each for each in self.consumed.receipts if each[0] in ACCOUNTS]:
            StepLimits(Consumed({}, accounts)).refund()
        totals = self.consumed.totals
        reached = [
            bucket
            for limit, bucket in rules.escalations(self.group, identifier).items()
            if limit not in settings.tracked_only and totals[limit] >= settings.limit(limit)
        ]
        if reached:
            windows.consume(reached)
        for rule in code_strength.triggered(settings, totals):
            _report(settings, rule, identifier, self.group)


@contextmanager
def attempt(
    settings: InstanceSettings,
    visitor: Visitor,
    verification: Verification,
    *,
    may_make_account: bool = False,
) -> Iterator[AttemptLimits]:
    """Consume a wrong code beforehand, and an account if one may be made. Raises `TooManyRequests`.

    It is refunded if the code was not compared. If it was right, what earlier steps of its verification have
    consumed is refunded too, as far as the caller says in the block what came of it.
    """
    identifier, kept = verification.identifier, verification.receipts  # before the attempt
    group = visitor.group_for(identifier) if visitor.recognised else Group.OTHERS
    also = rules.for_account(settings, visitor) if may_make_account else []
    try:
        consumed = windows.consume([*also, *rules.for_attempt(settings, visitor, group, identifier)])
    except TooManyRequests:
        if not _is_unlocked(visitor, identifier):
            raise
        group = Group.UNLOCKED
        consumed = windows.consume([*also, *rules.for_attempt(settings, visitor, group, identifier)])
    limits = AttemptLimits(consumed, group)
    before = {scope: total - 1 for scope, total in consumed.totals.items()}  # without this attempt
    longest = conf.longest_code(identifier.kind.channel)
    limits.code_format = code_strength.required_format(settings, before, bool(group), longest)
    try:
        yield limits
    except BaseException:
        if not limits.is_failure:
            limits.refund()
        raise
    if limits.makes_account:
        limits.consumed.receipts[:] = [each for each in consumed.receipts if each[0] not in ACCOUNTS]
    signed_in = limits.signs_in and not limits.proof_waits
    limits.refund(kept, by=[Refund.BY_PROOF, Refund.BY_SIGN_IN] if signed_in else [Refund.BY_PROOF])


def refund_sign_in(proven: Iterable[Verification]) -> None:
    """Refund what a sign-in does of what these verifications have kept; their codes have refunded the rest."""
    kept = [receipt for verification in proven for receipt in verification.receipts]
    StepLimits(Consumed({}, [])).refund(kept, by=[Refund.BY_SIGN_IN])


def _report(settings: InstanceSettings, rule: EscalationRule, identifier: IdentifierValue, group: Group) -> None:
    everywhere = rule.scope == "instance"
    if rule.limit in settings.tracked_only:
        number, seconds = settings.limit(rule.limit), LIMITS[rule.limit].seconds
        events.limit_reached(rule.limit, number, seconds, () if everywhere else tuple(identifier), enforced=False)
        return
    scope = "browser" if group and not everywhere else rule.scope
    code_format = code_strength.fitted(rule.code_format, conf.longest_code(identifier.kind.channel))
    events.code_format_escalated(rule.limit, scope, identifier, *code_format)
