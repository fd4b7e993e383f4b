"""Sign in: create, prepare, attempt."""

from typing import Any

from django.db import IntegrityError
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
from passwordless_otp.flows import factors, lifecycle, policy, send_code
from passwordless_otp.flows.check_code import check_code, consume_code
from passwordless_otp.identifiers import IdentifierValue, Kind, Strategy
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Flow, InstanceSettings, Message, TestAddress
from passwordless_otp.models.flows import TRANSFER_LIFE, Purpose, VerificationStatus
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.rate_limits import rules, throttle
from passwordless_otp.rate_limits.throttle import AttemptThrottle
from passwordless_otp.visitor import Visitor


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

    Sends a code with `strategy`; with `send`, by the strategy of what was typed.

    Raises `FormatInvalid`, `ValueDisabled`, `StrategyInvalid`, `TransferNotAllowed`, `CaptchaInvalid`,
    `TooManyRequests`; with enumeration protection off `IdentifierNotFound`.
    """
    if strategy and not identifier:
        raise ParamMissing("identifier")
    if sign_up_if_missing and not settings.sign_up_open:
        raise TransferNotAllowed
    addresses = [_read(identifier, settings)] if identifier else []
    if send and addresses:
        strategy = addresses[0].kind.strategy
    may_be_missing = settings.enumeration_protection or sign_up_if_missing
    if addresses and not may_be_missing and not users.holders_of(addresses):
        throttle.consume(rules.for_flow(visitor, settings))  # this answer, too, is one to be asked for in bulk
        raise IdentifierNotFound
    details = {"sign_up_if_missing": sign_up_if_missing}
    if current and _same(current, addresses, details):
        return _go_on(settings, current, visitor, strategy, send)
    flow = lifecycle.new(visitor.client, Purpose.SIGN_IN, addresses, details)
    factor_id = factors.Factor(addresses[0], True).id(flow) if send and addresses else ""
    planned = _plan(flow, visitor, strategy, factor_id, settings) if strategy else None

    def step(receipts: list[Any]) -> tuple[Flow, Message | None]:
        lifecycle.open_in_place_of(flow, current, [] if planned else receipts)
        return flow, send_code.send_code(flow, planned, settings, receipts) if planned else None

    buckets = rules.for_flow(visitor, settings) + (planned.costs if planned else [])
    try:
        flow, message = throttle.run_step(buckets, step, flow)
    except IntegrityError:  # a parallel `create` of this client was faster
        return lifecycle.concurrent_flow(visitor.client, Purpose.SIGN_IN)
    if message:
        dispatch.submit(message)
    return flow


def prepare(
    settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy, factor_id: str = ""
) -> Flow:
    """Send a code, unless the last message is younger than the resend interval.

    Raises `ValueDisabled`, `StrategyInvalid`, `ParamMissing`, `VerificationFailed`, `TooManyCodes`,
    `CaptchaInvalid`, `TooManyRequests`.
    """
    planned = _plan(flow, visitor, strategy, factor_id, settings)

    def step(receipts: list[Any]) -> Message | None:
        flow.touch()
        flow.forget_verifications()
        return send_code.send_code(flow, planned, settings, receipts)

    message = throttle.run_step(planned.costs, step, flow)
    if message:
        dispatch.submit(message)
    return flow


@sensitive_variables("code", "test_code")
def attempt(settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy, code: str) -> Flow:
    """Complete the sign-in if `code` is right. Logging in is the caller's part.

    Raises what `check_code` does, `VerificationMissing`, and `TransferRequired` where the code was right and
    a sign-up may go on from it.
    """
    if flow.abandoned:
        raise VerificationExpired
    verification = flow.newest(strategy)
    if verification is None:
        raise VerificationMissing
    _refuse_switched_off(strategy.kind, flow, settings)
    holder = users.holders_of([verification.identifier]).get(verification.identifier)
    may_transfer = holder is None and _offers_sign_up(flow, settings)
    test_code = TestAddress.code_for(verification.identifier, settings)
    known = holder is not None and users.may_sign_in(holder, settings, bool(test_code))
    restricted = _restricted(flow, verification.identifier, holder, settings)
    may_pass = (may_transfer or known) and not restricted
    recognised = visitor.recognised_by(holder)
    guard = AttemptThrottle(verification.identifier, visitor, recognised, settings, may_pass, test_code)
    notice_due = users.is_news_to(holder, visitor)

    def transfer(at_least: int) -> None:
        flow.move(visitor.next_client)
        until = timezone.now() + TRANSFER_LIFE
        consume_code(verification, at_least, status=VerificationStatus.TRANSFERABLE, expires_at=until)

    def complete(at_least: int) -> None:
        flow.complete(holder, visitor.next_client, notice_due)
        consume_code(verification, at_least)

    before = flow.client
    check_code(verification, code, guard, transfer if may_transfer else complete)
    lifecycle.end_others(visitor, flow, before)
    if may_transfer:
        raise TransferRequired
    dispatch.announce_sign_in(flow)
    return flow


def _read(identifier: str, settings: InstanceSettings) -> IdentifierValue:
    address = lifecycle.read_identifier(identifier, settings, "identifier")
    if not settings.identifies(address.kind):
        raise ValueDisabled("identifier")
    return address


def _go_on(
    settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy | None, send: bool
) -> Flow:
    """Answer the open flow: the code that was sent has to stay good."""
    try:
        factor_id = factors.Factor(flow.identifiers[0], True).id(flow) if send else ""
        return prepare(settings, flow, visitor, strategy, factor_id) if strategy else flow
    except ResourceNotFound:  # a parallel `create` of this client has replaced it
        return lifecycle.concurrent_flow(visitor.client, Purpose.SIGN_IN)


def _same(flow: Flow, addresses: list[IdentifierValue], details: Any) -> bool:
    """Tell whether this open flow is what is being asked for, and can still get somebody in.

    One with another `sign_up_if_missing` is not: who is unknown has to get a code instead of the note, and
    who is known must look alike.
    """
    alive = all(v.state == VerificationStatus.UNVERIFIED for v in flow.known_verifications)
    return alive and not flow.abandoned and (flow.identifiers, flow.details) == (addresses, details)


def _plan(
    flow: Flow, visitor: Visitor, strategy: Strategy, factor_id: str, settings: InstanceSettings
) -> send_code.Plan:
    _refuse_switched_off(strategy.kind, flow, settings)
    address = factors.choose(flow, strategy, factor_id, settings)
    holder = users.holders_of([address]).get(address)
    if holder is None:
        kind = MessageKind.SIGN_IN if _offers_sign_up(flow, settings) else MessageKind.UNKNOWN_ACCOUNT
    else:
        kind = MessageKind.SIGN_IN if users.may_sign_in(holder, settings) else MessageKind.NOT_ALLOWED
    restricted = _restricted(flow, address, holder, settings)
    return send_code.plan(flow, address, kind, visitor, visitor.recognised_by(holder), held_back=restricted)


def _restricted(flow: Flow, address: IdentifierValue, holder: Any, settings: InstanceSettings) -> bool:
    """Tell whether nothing goes out to this identifier, and no code from it gets in, and nobody is told."""
    if holder is None:
        return not policy.may_sign_up(address, settings)
    return any(settings.shuts_out(each) for each in [address, *flow.identifiers])


def _refuse_switched_off(kind: Kind, flow: Flow, settings: InstanceSettings) -> None:
    if not settings.offers(kind):
        raise ValueDisabled("strategy")
    if not all(settings.identifies(typed.kind) for typed in flow.identifiers):
        raise ValueDisabled("identifier")


def _offers_sign_up(flow: Flow, settings: InstanceSettings) -> bool:
    return settings.sign_up_open and flow.details["sign_up_if_missing"]
