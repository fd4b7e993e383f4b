"""Sign in: create, prepare, attempt."""

from functools import partial
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import outbox, users
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
from passwordless_otp.flows import factors, opening, transactions
from passwordless_otp.flows.verification import check_code, send_code, take
from passwordless_otp.identifiers import Address, Kind, Strategy
from passwordless_otp.models import Flow, InstanceSettings, Message, TestIdentifier
from passwordless_otp.models.flows import Purpose
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.models.verifications import TRANSFER_LIFE, VerificationStatus


def create(
    client: str,
    current: Flow | None,
    identifier: str = "",
    strategy: Strategy | None = None,
    sign_up_if_missing: bool = False,
) -> Flow:
    """Open a sign-in of this client, or go on with `current` if it is the same. Sends only with `strategy`.

    Raises `FormatInvalid`, `ValueDisabled`, `StrategyInvalid`, `TransferNotAllowed`; with enumeration
    protection off `IdentifierNotFound`.
    """
    settings = InstanceSettings.current()
    if strategy and not identifier:
        raise ParamMissing("identifier")
    if sign_up_if_missing and not settings.sign_up_open:
        raise TransferNotAllowed
    addresses = [_read(identifier, settings)] if identifier else []
    may_be_missing = settings.enumeration_protection or sign_up_if_missing
    if addresses and not may_be_missing and not users.holders_of(addresses):
        raise IdentifierNotFound
    details = {"sign_up_if_missing": sign_up_if_missing}

    def step() -> tuple[Flow, Message | None]:
        flow = opening.start(client, current, Purpose.SIGN_IN, addresses, details)
        return flow, _send(flow, strategy, "", settings) if strategy else None

    try:
        if current and _same(current, addresses, details):
            return prepare(current, strategy) if strategy else current
        flow, message = transactions.run(step)
    except (IntegrityError, ResourceNotFound):  # a parallel `create` of this client was faster
        return opening.winner(client, Purpose.SIGN_IN)
    if message:
        outbox.dispatch(message)
    return flow


def prepare(flow: Flow, strategy: Strategy, factor_id: str = "") -> Flow:
    """Send a code, unless the last message is younger than the resend interval.

    Raises `ValueDisabled`, `StrategyInvalid`, `ParamMissing`, `VerificationFailed`, `TooManyCodes`.
    """
    settings = InstanceSettings.current()

    def step() -> Message | None:
        flow.touch()
        flow.forget_verifications()
        return _send(flow, strategy, factor_id, settings)

    message = transactions.run(step, flow)
    if message:
        outbox.dispatch(message)
    return flow


@sensitive_variables("code")
def attempt(flow: Flow, strategy: Strategy, code: str, successor: str) -> Flow:
    """Complete the sign-in if `code` is right. Logging in is the caller's part.

    `successor` is the digest that the browser will hold then.
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
    by_test_code = bool(TestIdentifier.code_for(verification.address, settings))
    may_pass = may_transfer or (holder is not None and users.may_sign_in(holder, settings, by_test_code))

    def transfer() -> None:
        flow.move(successor)
        until = timezone.now() + TRANSFER_LIFE
        take(verification, status=VerificationStatus.TRANSFERABLE, expires_at=until)

    def complete() -> None:
        flow.complete(holder, successor)
        take(verification)

    before = flow.client
    check_code(verification, code, settings, may_pass, transfer if may_transfer else complete)
    transactions.run(partial(opening.end, before, *Purpose))
    if may_transfer:
        raise TransferRequired
    return flow


def _read(identifier: str, settings: InstanceSettings) -> Address:
    address = opening.read(identifier, settings, "identifier")
    if not settings.identifies(address.kind):
        raise ValueDisabled("identifier")
    return address


def _same(flow: Flow, addresses: list[Address], details: Any) -> bool:
    """Tell whether this open flow is what is being asked for, and can still get somebody in.

    One with another `sign_up_if_missing` is not: who is unknown has to get a code instead of the note, and
    who is known must look alike.
    """
    alive = all(v.state == VerificationStatus.UNVERIFIED for v in flow.known_verifications)
    return alive and not flow.abandoned and (flow.addresses, flow.details) == (addresses, details)


def _send(flow: Flow, strategy: Strategy, factor_id: str, settings: InstanceSettings) -> Message | None:
    _refuse_switched_off(strategy.kind, flow, settings)
    address = factors.choose(flow, strategy, factor_id, settings)
    holder = users.holders_of([address]).get(address)
    if holder is None:
        kind = MessageKind.SIGN_IN if _offers_sign_up(flow, settings) else MessageKind.NO_ACCOUNT
    else:
        kind = MessageKind.SIGN_IN if users.may_sign_in(holder, settings) else MessageKind.NOT_ALLOWED
    return send_code(flow, address, kind, settings)


def _refuse_switched_off(kind: Kind, flow: Flow, settings: InstanceSettings) -> None:
    if not settings.offers(kind):
        raise ValueDisabled("strategy")
    if not all(settings.identifies(typed.kind) for typed in flow.addresses):
        raise ValueDisabled("identifier")


def _offers_sign_up(flow: Flow, settings: InstanceSettings) -> bool:
    return settings.sign_up_open and flow.details["sign_up_if_missing"]
