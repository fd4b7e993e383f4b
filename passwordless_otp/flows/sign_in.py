"""Sign in: create, prepare, attempt."""

from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import outbox, users
from passwordless_otp.browsers import Browser
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
from passwordless_otp.flows import costs, factors, opening, protection, restricting, sending
from passwordless_otp.flows.protection import Guard
from passwordless_otp.flows.verification import check_code, take
from passwordless_otp.identifiers import Address, Kind, Strategy
from passwordless_otp.models import Flow, InstanceSettings, Message, TestIdentifier
from passwordless_otp.models.flows import Purpose
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.models.verifications import TRANSFER_LIFE, VerificationStatus


def create(
    browser: Browser,
    current: Flow | None,
    identifier: str = "",
    strategy: Strategy | None = None,
    sign_up_if_missing: bool = False,
) -> Flow:
    """Open a sign-in of this browser, or go on with `current` if it is the same. Sends only with `strategy`.

    Raises `FormatInvalid`, `ValueDisabled`, `StrategyInvalid`, `TransferNotAllowed`, `CaptchaInvalid`,
    `TooManyRequests`; with enumeration protection off `IdentifierNotFound`.
    """
    settings = InstanceSettings.current()
    if strategy and not identifier:
        raise ParamMissing("identifier")
    if sign_up_if_missing and not settings.sign_up_open:
        raise TransferNotAllowed
    addresses = [_read(identifier, settings)] if identifier else []
    may_be_missing = settings.enumeration_protection or sign_up_if_missing
    if addresses and not may_be_missing and not users.holders_of(addresses):
        protection.pay(costs.of_flow(browser, settings))  # this answer, too, is one to be asked for in bulk
        raise IdentifierNotFound
    details = {"sign_up_if_missing": sign_up_if_missing}
    if current and _same(current, addresses, details):
        return _go_on(current, browser, strategy)
    flow = opening.build(browser.client, Purpose.SIGN_IN, addresses, details)
    planned = _plan(flow, browser, strategy, "", settings) if strategy else None

    def step(shares: list[Any]) -> tuple[Flow, Message | None]:
        opening.save(flow, current, [] if planned else shares)
        return flow, sending.send_code(flow, planned, settings, shares) if planned else None

    buckets = costs.of_flow(browser, settings) + (planned.costs if planned else [])
    try:
        flow, message = protection.run(buckets, step, flow)
    except IntegrityError:  # a parallel `create` of this client was faster
        return opening.winner(browser.client, Purpose.SIGN_IN)
    if message:
        outbox.dispatch(message)
    return flow


def prepare(flow: Flow, browser: Browser, strategy: Strategy, factor_id: str = "") -> Flow:
    """Send a code, unless the last message is younger than the resend interval.

    Raises `ValueDisabled`, `StrategyInvalid`, `ParamMissing`, `VerificationFailed`, `TooManyCodes`,
    `CaptchaInvalid`, `TooManyRequests`.
    """
    settings = InstanceSettings.current()
    planned = _plan(flow, browser, strategy, factor_id, settings)

    def step(shares: list[Any]) -> Message | None:
        flow.touch()
        flow.forget_verifications()
        return sending.send_code(flow, planned, settings, shares)

    message = protection.run(planned.costs, step, flow)
    if message:
        outbox.dispatch(message)
    return flow


@sensitive_variables("code", "test_code")
def attempt(flow: Flow, browser: Browser, strategy: Strategy, code: str) -> Flow:
    """Complete the sign-in if `code` is right. Logging in is the caller's part.

    Raises what `check_code` does, `VerificationMissing`, and `TransferRequired` where the code was right and
    a sign-up may go on from it.
    """
    settings = InstanceSettings.current()
    if flow.abandoned:
        raise VerificationExpired
    verification = flow.newest(strategy)
    if verification is None:
        raise VerificationMissing
    _refuse_switched_off(strategy.kind, flow, settings)
    holder = users.holders_of([verification.address]).get(verification.address)
    may_transfer = holder is None and _offers_sign_up(flow, settings)
    test_code = TestIdentifier.code_for(verification.address, settings)
    known = holder is not None and users.may_sign_in(holder, settings, bool(test_code))
    restricted = _restricted(flow, verification.address, holder, settings)
    may_pass = (may_transfer or known) and not restricted
    recognised = browser.recognised_by(holder)
    guard = Guard(verification.address, browser, recognised, settings, may_pass, test_code)
    notice_due = users.is_news_to(holder, browser)

    def transfer(at_least: int) -> None:
        flow.move(browser.successor)
        until = timezone.now() + TRANSFER_LIFE
        take(verification, at_least, status=VerificationStatus.TRANSFERABLE, expires_at=until)

    def complete(at_least: int) -> None:
        flow.complete(holder, browser.successor, notice_due)
        take(verification, at_least)

    before = flow.client
    check_code(verification, code, guard, transfer if may_transfer else complete)
    opening.end_others(browser, flow, before)
    if may_transfer:
        raise TransferRequired
    outbox.announce(flow)
    return flow


def _read(identifier: str, settings: InstanceSettings) -> Address:
    address = opening.read(identifier, settings, "identifier")
    if not settings.identifies(address.kind):
        raise ValueDisabled("identifier")
    return address


def _go_on(flow: Flow, browser: Browser, strategy: Strategy | None) -> Flow:
    """Answer the open flow: the code that was sent has to stay good."""
    try:
        return prepare(flow, browser, strategy) if strategy else flow
    except ResourceNotFound:  # a parallel `create` of this client has replaced it
        return opening.winner(browser.client, Purpose.SIGN_IN)


def _same(flow: Flow, addresses: list[Address], details: Any) -> bool:
    """Tell whether this open flow is what is being asked for, and can still get somebody in.

    One with another `sign_up_if_missing` is not: who is unknown has to get a code instead of the note, and
    who is known must look alike.
    """
    alive = all(v.state == VerificationStatus.UNVERIFIED for v in flow.known_verifications)
    return alive and not flow.abandoned and (flow.addresses, flow.details) == (addresses, details)


def _plan(
    flow: Flow, browser: Browser, strategy: Strategy, factor_id: str, settings: InstanceSettings
) -> sending.Plan:
    _refuse_switched_off(strategy.kind, flow, settings)
    address = factors.choose(flow, strategy, factor_id, settings)
    holder = users.holders_of([address]).get(address)
    if holder is None:
        kind = MessageKind.SIGN_IN if _offers_sign_up(flow, settings) else MessageKind.NO_ACCOUNT
    else:
        kind = MessageKind.SIGN_IN if users.may_sign_in(holder, settings) else MessageKind.NOT_ALLOWED
    restricted = _restricted(flow, address, holder, settings)
    return sending.plan(flow, address, kind, browser, browser.recognised_by(holder), held_back=restricted)


def _restricted(flow: Flow, address: Address, holder: Any, settings: InstanceSettings) -> bool:
    """Tell whether nothing goes out to this identifier, and no code from it gets in, and nobody is told."""
    if holder is None:
        return not restricting.may_sign_up(address, settings)
    return any(settings.shuts_out(each) for each in [address, *flow.addresses])


def _refuse_switched_off(kind: Kind, flow: Flow, settings: InstanceSettings) -> None:
    if not settings.offers(kind):
        raise ValueDisabled("strategy")
    if not all(settings.identifies(typed.kind) for typed in flow.addresses):
        raise ValueDisabled("identifier")


def _offers_sign_up(flow: Flow, settings: InstanceSettings) -> bool:
    return settings.sign_up_open and flow.details["sign_up_if_missing"]
