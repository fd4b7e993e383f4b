"""Sign up: create, update, prepare, attempt."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import outbox
from passwordless_otp.browsers import Browser
from passwordless_otp.errors import (
    OTPError,
    ResourceNotFound,
    SignUpClosed,
    VerificationExpired,
    VerificationMissing,
)
from passwordless_otp.flows import (
    completion,
    costs,
    fields,
    opening,
    protection,
    requirements,
    restricting,
    sending,
    transactions,
    transferring,
)
from passwordless_otp.flows.protection import Guard
from passwordless_otp.flows.verification import check_code, take
from passwordless_otp.identifiers import Address, Kind, Strategy
from passwordless_otp.models import Flow, InstanceSettings, Message, TestIdentifier
from passwordless_otp.models.flows import Purpose
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.models.verifications import VerificationStatus

REUSABLE = {VerificationStatus.UNVERIFIED, VerificationStatus.VERIFIED}


def create(
    browser: Browser,
    current: Flow | None,
    given: Mapping[str, str],
    strategy: Strategy | None = None,
    transfer: bool = False,
) -> Flow:
    """Open a sign-up of this browser, or go on with `current` if its identifiers are the same.

    `given` has any of `email_address`, `phone_number`, `first_name`, `last_name`, `username` and
    `unsafe_metadata` (JSON text). Sends only with `strategy`. With `transfer` it takes over what a sign-in of
    this browser has just proven, and may be complete at once. Raises `SignUpClosed`, `EmailAddressBlocked`,
    `NotAllowedAccess`, `TransferInvalid`, `CaptchaInvalid`, `TooManyRequests`, and what is wrong with a field.
    """
    settings = _settings()
    values = fields.read(given, browser, settings)
    addresses = [Address(kind, values[kind]) for kind in Kind if values.get(kind)]
    with restricting.answering(browser, settings):  # of a transfer, with the proven one: that may be allowed
        restricting.refuse([] if transfer else addresses, settings)
    details = {name: values.get(name, "") for name in fields.DETAILS}
    if current and not transfer and _same(current, addresses):
        try:
            return _go_on(current, values, browser, strategy, settings)
        except ResourceNotFound:  # a parallel `create` of this client has replaced it
            return opening.winner(browser.client, Purpose.SIGN_UP)

    flow = opening.build(browser.client, Purpose.SIGN_UP, addresses, details)
    planned = _plan(flow, browser, strategy, settings) if strategy and not transfer else None

    def step(shares: list[Any]) -> tuple[Flow, OTPError | None, Message | None]:
        if transfer:
            opened = transferring.start(browser.client, current, values, details)
            restricting.refuse(opened.addresses, settings)
            return opened, completion.finish(opened, settings, browser), None
        opening.save(flow, current, [] if planned else shares)
        return flow, None, sending.send_code(flow, planned, settings, shares) if planned else None

    # What goes on from a sign-in has been paid there.
    buckets = [] if transfer else costs.of_flow(browser, settings) + (planned.costs if planned else [])
    try:
        with restricting.answering(browser, settings):
            flow, refusal, message = protection.run(buckets, step, flow)
    except IntegrityError:  # a parallel `create` of this client was faster
        return opening.winner(browser.client, Purpose.SIGN_UP)
    if message:
        outbox.dispatch(message)
    flow = _settled(flow, refusal, browser, browser.client)
    return prepare(flow, browser, strategy) if strategy and transfer and flow.user is None else flow


def update(flow: Flow, browser: Browser, given: Mapping[str, str]) -> Flow:
    """Change what was given. It may be complete by that.

    Raises `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess` or what is wrong with a field.
    """
    settings = _settings()
    values = fields.read(given, browser, settings)
    changes = {kind.value: values[kind] for kind in Kind if kind in values}
    details = {name: values[name] for name in fields.DETAILS if name in values}
    before = flow.client

    def step() -> OTPError | None:
        flow.touch()
        flow.reread()
        flow.touch(**changes, details={**flow.details, **details})
        restricting.refuse(flow.addresses, settings)
        return completion.finish(flow, settings, browser)

    with restricting.answering(browser, settings):
        return _settled(flow, transactions.run(step, flow), browser, before)


def prepare(flow: Flow, browser: Browser, strategy: Strategy) -> Flow:
    """Send a code to the identifier of this strategy, unless the last message is younger than the interval.

    Raises `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess`, `ValueDisabled`, `ParamMissing`,
    `AlreadyVerified`, `VerificationFailed`, `CaptchaInvalid`, `TooManyCodes`, `TooManyRequests`.
    """
    settings = _settings(flow)
    planned = _plan(flow, browser, strategy, settings)

    def step(shares: list[Any]) -> Message | None:
        flow.touch()
        flow.reread()
        if fields.typed(flow, strategy, settings) != planned.address:
            raise ResourceNotFound  # it was changed meanwhile, in another tab
        return sending.send_code(flow, planned, settings, shares)

    message = protection.run(planned.costs, step, flow)
    if message:
        outbox.dispatch(message)
    return flow


@sensitive_variables("code")
def attempt(flow: Flow, browser: Browser, strategy: Strategy, code: str) -> Flow:
    """Prove an identifier if `code` is right; the last one completes the sign-up.

    Raises what `check_code` does, `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess`,
    `VerificationMissing`, `IdentifierExists` (the username was taken meanwhile: change it) and
    `IdentificationClaimed`.
    """
    settings = _settings(flow)
    if flow.abandoned:
        raise VerificationExpired
    address = fields.typed(flow, strategy, settings)
    verification = flow.verification_of(address)
    if verification is None:
        raise VerificationMissing
    before = flow.client
    guard = Guard(address, browser, False, settings, test_code=TestIdentifier.code_for(address, settings))

    def accept(at_least: int) -> OTPError | None:
        flow.move(browser.successor)
        take(verification, at_least)
        flow.reread()
        return completion.finish(flow, settings, browser)

    return _settled(flow, check_code(verification, code, guard, accept), browser, before)


def _settings(flow: Flow | None = None) -> InstanceSettings:
    """Return the settings, if they let this sign-up go on: they may have changed since it began."""
    settings = InstanceSettings.current()
    if not settings.sign_up_open:
        raise SignUpClosed
    restricting.refuse(flow.addresses if flow else [], settings)
    return settings


def _plan(flow: Flow, browser: Browser, strategy: Strategy, settings: InstanceSettings) -> sending.Plan:
    address = fields.typed(flow, strategy, settings)
    return sending.plan(flow, address, MessageKind.SIGN_UP, browser, recognised=False)


def _same(flow: Flow, addresses: list[Address]) -> bool:
    """Tell whether this open flow is what is being asked for, and can still get somebody in."""
    mine = [v for v in flow.known_verifications if v.address in addresses]
    return not flow.abandoned and flow.addresses == addresses and all(v.state in REUSABLE for v in mine)


def _go_on(
    flow: Flow, values: Mapping[str, str], browser: Browser, strategy: Strategy | None, settings: InstanceSettings
) -> Flow:
    """Answer the open flow: the code that was sent has to stay good."""
    changed = any(flow.details[name] != values[name] for name in fields.DETAILS if name in values)
    lacks = requirements.missing(flow, settings) or requirements.unverified(flow, settings)
    if changed or not lacks:  # nothing may be lacking any more, since the operator asks for less
        flow = update(flow, browser, values)
    return prepare(flow, browser, strategy) if strategy and flow.user is None else flow


def _settled(flow: Flow, refusal: OTPError | None, browser: Browser, client: str) -> Flow:
    """After the commit: what was proven is saved, so now a refusal may be raised."""
    if flow.client != client:
        opening.end_others(browser, flow, client)
    if refusal is not None:
        raise refusal
    outbox.announce(flow)
    return flow
