"""Sign up: create, update, prepare, attempt."""

from collections.abc import Mapping
from functools import partial

from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import outbox, users
from passwordless_otp.errors import (
    IdentifierExists,
    OTPError,
    ParamMissing,
    ResourceNotFound,
    SignUpClosed,
    ValueDisabled,
    VerificationExpired,
    VerificationMissing,
)
from passwordless_otp.flows import completion, opening, requirements, transactions, transferring
from passwordless_otp.flows.verification import check_code, send_code, take
from passwordless_otp.identifiers import Address, Kind, Strategy
from passwordless_otp.models import Flow, InstanceSettings, Message
from passwordless_otp.models.flows import Purpose
from passwordless_otp.models.instance import Presence
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.models.verifications import VerificationStatus

DETAILS = [*requirements.NAMES, "unsafe_metadata"]
REUSABLE = {VerificationStatus.UNVERIFIED, VerificationStatus.VERIFIED}


def create(
    client: str,
    current: Flow | None,
    given: Mapping[str, str],
    successor: str,
    strategy: Strategy | None = None,
    transfer: bool = False,
) -> Flow:
    """Open a sign-up of this client, or go on with `current` if its identifiers are the same.

    `given` has any of `email_address`, `phone_number`, `first_name`, `last_name`, `username` and
    `unsafe_metadata` (JSON text). Sends only with `strategy`. With `transfer` it takes over what a sign-in of
    this client has just proven, and may be complete at once, for `successor`: the digest that the browser
    will hold then. Raises `SignUpClosed`, `TransferInvalid`, and what is wrong with a field.
    """
    settings = _settings()
    values = _read(given, settings)
    if strategy and not transfer:
        _address(values, strategy, settings)
    addresses = [Address(kind, values[kind]) for kind in Kind if values.get(kind)]
    details = {name: values.get(name, "") for name in DETAILS}

    def step() -> tuple[Flow, OTPError | None, Message | None]:
        if transfer:
            flow = transferring.start(client, current, values, details)
        else:
            flow = opening.start(client, current, Purpose.SIGN_UP, addresses, details)
        refusal = completion.finish(flow, settings, successor)
        done = refusal or flow.user
        return flow, refusal, _send(flow, strategy, settings) if strategy and not done else None

    try:
        if current and not transfer and _same(current, addresses):
            return _go_on(current, values, successor, strategy, settings)
        flow, refusal, message = transactions.run(step)
    except (IntegrityError, ResourceNotFound):  # a parallel `create` of this client was faster
        return opening.winner(client, Purpose.SIGN_UP)
    if message:
        outbox.dispatch(message)
    return _settled(flow, refusal, client)


def update(flow: Flow, given: Mapping[str, str], successor: str) -> Flow:
    """Change what was given. It may be complete by that. Raises `SignUpClosed` or what is wrong with a field."""
    settings = _settings()
    values = _read(given, settings)
    changes = {kind.value: values[kind] for kind in Kind if kind in values}
    details = {name: values[name] for name in DETAILS if name in values}
    before = flow.client

    def step() -> OTPError | None:
        flow.touch()
        flow.reread()
        flow.touch(**changes, details={**flow.details, **details})
        return completion.finish(flow, settings, successor)

    return _settled(flow, transactions.run(step, flow), before)


def prepare(flow: Flow, strategy: Strategy) -> Flow:
    """Send a code to the identifier of this strategy, unless the last message is younger than the interval.

    Raises `ValueDisabled`, `ParamMissing`, `AlreadyVerified`, `VerificationFailed`, `TooManyCodes`.
    """
    settings = _settings()

    def step() -> Message | None:
        flow.touch()
        flow.reread()
        return _send(flow, strategy, settings)

    message = transactions.run(step, flow)
    if message:
        outbox.dispatch(message)
    return flow


@sensitive_variables("code")
def attempt(flow: Flow, strategy: Strategy, code: str, successor: str) -> Flow:
    """Prove an identifier if `code` is right; the last one completes the sign-up.

    Raises what `check_code` does, `VerificationMissing`, `IdentifierExists` (the username was taken
    meanwhile: change it) and `IdentificationClaimed`.
    """
    settings = _settings()
    if flow.abandoned:
        raise VerificationExpired
    address = _address({kind.value: value for kind, value in flow.addresses}, strategy, settings)
    verification = flow.verification_of(address)
    if verification is None:
        raise VerificationMissing
    before = flow.client

    def accept() -> OTPError | None:
        flow.move(successor)
        take(verification)
        flow.reread()
        return completion.finish(flow, settings, successor)

    return _settled(flow, check_code(verification, code, settings, True, accept), before)


def _settings() -> InstanceSettings:
    settings = InstanceSettings.current()
    if not settings.sign_up_open:
        raise SignUpClosed
    return settings


def _read(given: Mapping[str, str], settings: InstanceSettings) -> dict[str, str]:
    """Return the fields that this site asks for, in canonical form."""
    values: dict[str, str] = {}
    for kind in Kind:
        if given.get(kind):
            values[kind.value] = opening.read(given[kind], settings, kind.value, kind).value
        elif kind in given:
            values[kind.value] = ""
    if not settings.enumeration_protection:
        typed = [Address(kind, values[kind]) for kind in Kind if values.get(kind)]
        for taken in users.holders_of(typed) if typed else []:
            raise IdentifierExists(taken.kind.value)
    for name in DETAILS:
        if name in given and getattr(settings, name, None) != Presence.OFF:
            values[name] = users.clean(name, given[name]) if given[name] else ""
    return values


def _address(values: Mapping[str, str], strategy: Strategy, settings: InstanceSettings) -> Address:
    if not settings.offers(strategy.kind):
        raise ValueDisabled("strategy")
    if not values.get(strategy.kind):
        raise ParamMissing(strategy.kind.value)
    return Address(strategy.kind, values[strategy.kind])


def _same(flow: Flow, addresses: list[Address]) -> bool:
    """Tell whether this open flow is what is being asked for, and can still get somebody in."""
    mine = [v for v in flow.known_verifications if v.address in addresses]
    return not flow.abandoned and flow.addresses == addresses and all(v.state in REUSABLE for v in mine)


def _go_on(
    flow: Flow, values: Mapping[str, str], successor: str, strategy: Strategy | None, settings: InstanceSettings
) -> Flow:
    """Answer the open flow: the code that was sent has to stay good."""
    changed = any(flow.details[name] != values[name] for name in DETAILS if name in values)
    lacks = requirements.missing(flow, settings) or requirements.unverified(flow, settings)
    if changed or not lacks:  # nothing may be lacking any more, since the operator asks for less
        flow = update(flow, values, successor)
    return prepare(flow, strategy) if strategy and flow.user is None else flow


def _send(flow: Flow, strategy: Strategy, settings: InstanceSettings) -> Message | None:
    address = _address({kind.value: value for kind, value in flow.addresses}, strategy, settings)
    return send_code(flow, address, MessageKind.SIGN_UP, settings)


def _settled(flow: Flow, refusal: OTPError | None, client: str) -> Flow:
    """After the commit: what was proven is saved, so now a refusal may be raised."""
    if flow.client != client:
        transactions.run(partial(opening.end, client, *Purpose))
    if refusal is not None:
        raise refusal
    return flow
