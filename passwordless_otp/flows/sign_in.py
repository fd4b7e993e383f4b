"""Sign in: create, prepare, attempt."""

from functools import partial
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import outbox, users
from passwordless_otp.errors import (
    IdentifierNotFound,
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
from passwordless_otp.models import Flow, InstanceSettings, Message, TestIdentifier, Verification
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
    address = opening.read(identifier, settings, "identifier") if identifier else None
    if address and not settings.identifies(address.kind):
        raise ValueDisabled("identifier")
    if sign_up_if_missing and not settings.sign_up_open:
        raise TransferNotAllowed
    may_be_missing = settings.enumeration_protection or sign_up_if_missing
    if address and not may_be_missing and not users.holders_of([address]):
        raise IdentifierNotFound
    addresses = [address] if address else []
    details = {"sign_up_if_missing": sign_up_if_missing}

    def step() -> tuple[Flow, Message | None]:
        flow = opening.start(client, current, Purpose.SIGN_IN, addresses, details)
        return flow, _send(flow, strategy, "", settings) if strategy else None

    try:
        if current and _same(current, addresses):
            return _go_on(current, details, strategy)
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
        flow.forget_attempts()
        return _send(flow, strategy, factor_id, settings)

    message = transactions.run(step)
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
    verification = _newest(flow, strategy)
    _refuse_switched_off(strategy.kind, flow, settings)
    holder = users.holders_of([verification.address]).get(verification.address)
    may_transfer = holder is None and _offers_sign_up(flow, settings)
    by_test_code = bool(TestIdentifier.code_for(verification.address, settings))
    may_pass = may_transfer or (holder is not None and users.may_sign_in(holder, settings, by_test_code))

    def transfer() -> None:
        flow.touch()
        until = timezone.now() + TRANSFER_LIFE
        take(verification, status=VerificationStatus.TRANSFERABLE, expires_at=until)

    def complete() -> None:
        flow.complete(holder, successor)
        take(verification)

    before = flow.client
    check_code(verification, code, settings, may_pass, transfer if may_transfer else complete)
    if may_transfer:
        raise TransferRequired
    transactions.run(partial(opening.end, before, *Purpose))
    return flow


def _same(flow: Flow, addresses: list[Address]) -> bool:
    """Tell whether this open flow is what is being asked for, and can still get somebody in."""
    alive = all(v.state == VerificationStatus.UNVERIFIED for v in flow.attempts)
    return alive and not flow.abandoned and flow.addresses == addresses


def _go_on(flow: Flow, details: Any, strategy: Strategy | None) -> Flow:
    """Answer the open flow: the code that was sent has to stay good."""
    if flow.details != details:
        transactions.run(partial(flow.touch, details=details))
    return prepare(flow, strategy) if strategy else flow


def _send(flow: Flow, strategy: Strategy, factor_id: str, settings: InstanceSettings) -> Message | None:
    _refuse_switched_off(strategy.kind, flow, settings)
    address = factors.choose(flow, strategy, factor_id, settings)
    holder = users.holders_of([address]).get(address)
    if holder is None:
        kind = MessageKind.SIGN_IN if _offers_sign_up(flow, settings) else MessageKind.NO_ACCOUNT
    else:
        kind = MessageKind.SIGN_IN if users.may_sign_in(holder, settings) else MessageKind.NOT_ALLOWED
    return send_code(flow, address, kind, settings)


def _newest(flow: Flow, strategy: Strategy) -> Verification:
    prepared = [v for v in flow.attempts if v.strategy == strategy]
    if not prepared:
        raise VerificationMissing
    return max(prepared, key=lambda v: v.prepared_at)


def _refuse_switched_off(kind: Kind, flow: Flow, settings: InstanceSettings) -> None:
    if not settings.offers(kind):
        raise ValueDisabled("strategy")
    if not all(settings.identifies(typed.kind) for typed in flow.addresses):
        raise ValueDisabled("identifier")


def _offers_sign_up(flow: Flow, settings: InstanceSettings) -> bool:
    return settings.sign_up_open and flow.details["sign_up_if_missing"]
