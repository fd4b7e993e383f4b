"""Sign in: create, prepare, attempt.

1. `create` opens a sign-in with the identifier that was typed. It may send a code at once.
2. `prepare` sends a code to one of the factors that the answer has offered.
3. `attempt` hands the code in. The right code completes the sign-in, or leads to a sign-up if nobody has the
   identifier and the sign-in allows it. Logging in is the caller's part (`clients.log_in_if_complete`).

Who has the identifier is looked up when a code is handed in, by the same statements for everybody, and by the
worker that sends a message. A step is counted before anything is looked up.
"""

from typing import Any

from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import users
from passwordless_otp.errors import (
    IdentifierNotFound,
    ParamMissing,
    ResourceNotFound,
    TransferNotAllowed,
    TransferRequired,
    ValueDisabled,
    VerificationExpired,
    VerificationMissing,
)
from passwordless_otp.flows import check_code, factors, lifecycle, send_code
from passwordless_otp.identifiers import IdentifierValue, Kind, Strategy
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Flow, InstanceSettings
from passwordless_otp.models.flows import TRANSFER_LIFE, Purpose, Status, VerificationStatus
from passwordless_otp.policy import SignInPolicy
from passwordless_otp.rate_limits import rules, throttle, windows
from passwordless_otp.visitor import Visitor


@lifecycle.counted
def create(
    settings: InstanceSettings,
    current: Flow | None,
    visitor: Visitor,
    identifier: str = "",
    strategy: Strategy | None = None,
    *,
    send: bool = False,
    sign_up_if_missing: bool = False,
) -> Flow:
    """Open a sign-in of this browser, or go on with `current` if it is the same.

    With `strategy` a code is sent by it; with `send`, by the strategy of the identifier that was typed. Raises
    `ParamMissing`, `FormatInvalid`, `ValueDisabled`, `StrategyInvalid`, `TransferNotAllowed`, `CaptchaInvalid`,
    `TooManyCodes`, `TooManyRequests`; without enumeration protection `IdentifierNotFound`.
    """
    if (strategy or send) and not identifier:
        raise ParamMissing("identifier")
    if sign_up_if_missing and not settings.sign_up_open:
        raise TransferNotAllowed
    typed = [factors.read_identifier(settings, identifier, "identifier")] if identifier else []
    if not all(value.kind in settings.kinds for value in typed):
        raise ValueDisabled("identifier")
    if not (settings.enumeration_protection or sign_up_if_missing):
        throttle.count_step(settings, visitor, current, typed)
        _require_known(settings, visitor, typed)

    flow = lifecycle.new(visitor.client, Purpose.SIGN_IN, typed, {"sign_up_if_missing": sign_up_if_missing})
    if current is not None and _is_same(current, flow):
        return _go_on(settings, current, visitor, strategy, send)
    to = None
    if send:
        _require_enabled(settings, flow, typed[0].kind)
        to = typed[0]
    elif strategy:
        to = _choose(settings, flow, strategy, "")
    return send_code.open_flow(settings, current, flow, visitor, to)


@lifecycle.retry
def prepare(
    settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy, factor_id: str = ""
) -> Flow:
    """Send a code, unless the last message is younger than the resend interval.

    Raises `ValueDisabled`, `StrategyInvalid`, `ValueInvalid`, `ParamMissing`, `VerificationFailed`,
    `TooManyCodes`, `CaptchaInvalid`, `TooManyRequests`.
    """
    return send_code.send(settings, flow, visitor, _choose(settings, flow, strategy, factor_id))


@lifecycle.retry
@sensitive_variables("code")
def attempt(settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy, code: str) -> Flow:
    """Return the completed sign-in if `code` is right.

    Raises `CodeIncorrect`, `VerificationFailed`, `VerificationMissing`, `ValueDisabled`, `TooManyRequests`;
    `TransferRequired` if the code was right and a sign-up may go on from it.
    """
    if flow.abandoned:
        raise VerificationExpired
    verification = flow.newest(strategy)
    if verification is None:
        raise VerificationMissing
    _require_enabled(settings, flow, strategy.kind)
    check_code.require_open(verification, code)

    with throttle.attempt(settings, visitor, verification) as limits:
        policy = SignInPolicy.load(settings, flow, verification.identifier)
        limits.signs_in = not policy.transfers
        required_length = check_code.require_right(settings, policy, verification, code, limits)
        changes: dict[str, Any] = {"client": visitor.next_client}
        proof_changes: dict[str, Any] = {}
        if policy.transfers:  # the flow waits for a sign-up to take its proof over
            until = timezone.now() + TRANSFER_LIFE
            proof_changes = {"status": VerificationStatus.TRANSFERABLE, "expires_at": until}
        else:
            notice_due = users.needs_notice(policy.holder, visitor)
            changes = flow.completion(policy.holder, visitor.next_client, notice_due)
        with lifecycle.step(flow, **changes) as changed:
            changed.accept_code(policy.identifier, required_length, **proof_changes)
            if visitor.users:
                lifecycle.keep_recognition(flow.client, changed)
        limits.proof_waits = changed.status == Status.PROVEN

    dispatch.report_outcome(verification)
    if visitor.flows - {flow.pk}:
        lifecycle.end_others(flow.client)
    if policy.transfers:
        raise TransferRequired(is_proven=True)
    dispatch.announce_sign_in(changed)
    return changed


def _require_known(settings: InstanceSettings, visitor: Visitor, typed: list[IdentifierValue]) -> None:
    """Raise `IdentifierNotFound` if nobody has it. That counts as a new flow: nobody can ask in bulk."""
    if typed and not users.holders_of(typed):
        windows.consume(rules.for_flow(settings, visitor))
        raise IdentifierNotFound


def _require_enabled(settings: InstanceSettings, flow: Flow, kind: Kind) -> None:
    """Raise `ValueDisabled` if the operator has turned off the strategy, or what was typed, meanwhile."""
    if kind not in settings.offered_kinds:
        raise ValueDisabled("strategy")
    if not all(typed.kind in settings.kinds for typed in flow.identifiers):
        raise ValueDisabled("identifier")


def _is_same(current: Flow, flow: Flow) -> bool:
    """Return whether the open flow is what is asked for, and can still get somebody in.

    One with another `sign_up_if_missing` is not: somebody unknown has to get a code instead of a message that
    says so, and somebody known must look alike.
    """
    alive = all(v.state == VerificationStatus.UNVERIFIED for v in current.known_verifications)
    same = (current.identifiers, current.details) == (flow.identifiers, flow.details)
    return alive and same and not current.abandoned


def _go_on(
    settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy | None, send: bool
) -> Flow:
    """Go on with the open flow, so that a code that was sent stays good; send again if `create` was to send."""
    try:
        if send:
            factor = factors.typed(flow)
            return prepare(settings, flow, visitor, factor.identifier.kind.strategy, factor.id(flow))
        if strategy:
            return prepare(settings, flow, visitor, strategy)
        throttle.count_step(settings, visitor, flow)
        return flow
    except ResourceNotFound:  # a parallel `create` of this client has replaced it
        return lifecycle.concurrent_flow(visitor.client, Purpose.SIGN_IN)


def _choose(settings: InstanceSettings, flow: Flow, strategy: Strategy, factor_id: str) -> IdentifierValue:
    """Return the identifier to prove. Raises `ValueDisabled`, and what `factors.choose` raises."""
    _require_enabled(settings, flow, strategy.kind)
    return factors.choose(settings, flow, strategy, factor_id)
