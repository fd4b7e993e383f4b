"""Sign up: create, update, prepare, attempt."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import users
from passwordless_otp.errors import (
    IdentificationClaimed,
    IdentifierExists,
    OTPError,
    ParamMissing,
    ResourceNotFound,
    SignUpClosed,
    TransferInvalid,
    ValueDisabled,
    VerificationExpired,
    VerificationMissing,
)
from passwordless_otp.flows import lifecycle, policy, send_code
from passwordless_otp.flows.check_code import check_code, consume_code
from passwordless_otp.identifiers import IdentifierValue, Kind, Strategy
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Flow, InstanceSettings, Message, TestAddress, Verification, transactions
from passwordless_otp.models.flows import Purpose, Status, VerificationStatus
from passwordless_otp.models.instance_settings import Presence
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.rate_limits import rules, throttle
from passwordless_otp.rate_limits.throttle import AttemptThrottle
from passwordless_otp.visitor import Visitor

REUSABLE = {VerificationStatus.UNVERIFIED, VerificationStatus.VERIFIED}


def create(
    settings: InstanceSettings,
    current: Flow | None,
    visitor: Visitor,
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
    _require_open(settings)
    values = read_fields(given, visitor, settings)
    addresses = [IdentifierValue(kind, values[kind]) for kind in Kind if values.get(kind)]
    with policy.counting_refusals(visitor, settings):  # of a transfer, with the proven one: that may be allowed
        policy.require_allowed([] if transfer else addresses, settings)
    details = {name: values.get(name, "") for name in DETAILS}
    if current and not transfer and _same(current, addresses):
        try:
            return _go_on(settings, current, visitor, values, strategy)
        except ResourceNotFound:  # a parallel `create` of this client has replaced it
            return lifecycle.concurrent_flow(visitor.client, Purpose.SIGN_UP)

    flow = lifecycle.new(visitor.client, Purpose.SIGN_UP, addresses, details)
    planned = _plan(flow, visitor, strategy, settings) if strategy and not transfer else None

    def step(receipts: list[Any]) -> tuple[Flow, OTPError | None, Message | None]:
        if transfer:
            opened = start_transfer(visitor.client, current, values, details)
            policy.require_allowed(opened.identifiers, settings)
            return opened, finish(opened, settings, visitor), None
        lifecycle.open_in_place_of(flow, current, [] if planned else receipts)
        return flow, None, send_code.send_code(flow, planned, settings, receipts) if planned else None

    # What goes on from a sign-in has been paid there.
    buckets = [] if transfer else rules.for_flow(visitor, settings) + (planned.costs if planned else [])
    try:
        with policy.counting_refusals(visitor, settings):
            flow, refusal, message = throttle.run_step(buckets, step, flow)
    except IntegrityError:  # a parallel `create` of this client was faster
        return lifecycle.concurrent_flow(visitor.client, Purpose.SIGN_UP)
    if message:
        dispatch.submit(message)
    flow = _settled(flow, refusal, visitor, visitor.client)
    return prepare(settings, flow, visitor, strategy) if strategy and transfer and flow.user is None else flow


def update(settings: InstanceSettings, flow: Flow, visitor: Visitor, given: Mapping[str, str]) -> Flow:
    """Change what was given. It may be complete by that.

    Raises `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess` or what is wrong with a field.
    """
    _require_open(settings)
    values = read_fields(given, visitor, settings)
    changes = {kind.value: values[kind] for kind in Kind if kind in values}
    details = {name: values[name] for name in DETAILS if name in values}
    before = flow.client

    def step() -> OTPError | None:
        flow.touch()
        flow.reread()
        flow.touch(**changes, details={**flow.details, **details})
        policy.require_allowed(flow.identifiers, settings)
        return finish(flow, settings, visitor)

    with policy.counting_refusals(visitor, settings):
        return _settled(flow, transactions.run_step(step, flow), visitor, before)


def prepare(settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy) -> Flow:
    """Send a code to the identifier of this strategy, unless the last message is younger than the interval.

    Raises `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess`, `ValueDisabled`, `ParamMissing`,
    `AlreadyVerified`, `VerificationFailed`, `CaptchaInvalid`, `TooManyCodes`, `TooManyRequests`.
    """
    _require_open(settings, flow)
    planned = _plan(flow, visitor, strategy, settings)

    def step(receipts: list[Any]) -> Message | None:
        flow.touch()
        flow.reread()
        if typed_identifier(flow, strategy, settings) != planned.identifier:
            raise ResourceNotFound  # it was changed meanwhile, in another tab
        return send_code.send_code(flow, planned, settings, receipts)

    message = throttle.run_step(planned.costs, step, flow)
    if message:
        dispatch.submit(message)
    return flow


@sensitive_variables("code")
def attempt(settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy, code: str) -> Flow:
    """Prove an identifier if `code` is right; the last one completes the sign-up.

    Raises what `check_code` does, `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess`,
    `VerificationMissing`, `IdentifierExists` (the username was taken meanwhile: change it) and
    `IdentificationClaimed`.
    """
    _require_open(settings, flow)
    if flow.abandoned:
        raise VerificationExpired
    identifier = typed_identifier(flow, strategy, settings)
    verification = flow.verification_of(identifier)
    if verification is None:
        raise VerificationMissing
    before = flow.client
    guard = AttemptThrottle(
        identifier, visitor, False, settings, test_code=TestAddress.code_for(identifier, settings)
    )

    def accept(at_least: int) -> OTPError | None:
        flow.move(visitor.next_client)
        consume_code(verification, at_least)
        flow.reread()
        return finish(flow, settings, visitor)

    return _settled(flow, check_code(verification, code, guard, accept), visitor, before)


def _require_open(settings: InstanceSettings, flow: Flow | None = None) -> None:
    """Raise the reason if this sign-up may not go on: the settings may have changed since it began."""
    if not settings.sign_up_open:
        raise SignUpClosed
    policy.require_allowed(flow.identifiers if flow else [], settings)


def _plan(flow: Flow, visitor: Visitor, strategy: Strategy, settings: InstanceSettings) -> send_code.Plan:
    identifier = typed_identifier(flow, strategy, settings)
    return send_code.plan(flow, identifier, MessageKind.SIGN_UP, visitor, recognised=False)


def _same(flow: Flow, addresses: list[IdentifierValue]) -> bool:
    """Tell whether this open flow is what is being asked for, and can still get somebody in."""
    mine = [v for v in flow.known_verifications if v.identifier in addresses]
    return not flow.abandoned and flow.identifiers == addresses and all(v.state in REUSABLE for v in mine)


def _go_on(
    settings: InstanceSettings, flow: Flow, visitor: Visitor, values: Mapping[str, str], strategy: Strategy | None
) -> Flow:
    """Answer the open flow: the code that was sent has to stay good."""
    changed = any(flow.details[name] != values[name] for name in DETAILS if name in values)
    lacks = missing(flow, settings) or unverified(flow, settings)
    if changed or not lacks:  # nothing may be lacking any more, since the operator asks for less
        flow = update(settings, flow, visitor, values)
    return prepare(settings, flow, visitor, strategy) if strategy and flow.user is None else flow


def _settled(flow: Flow, refusal: OTPError | None, visitor: Visitor, client: str) -> Flow:
    """After the commit: what was proven is saved, so now a refusal may be raised."""
    if flow.client != client:
        lifecycle.end_others(visitor, flow, client)
    if refusal is not None:
        raise refusal
    dispatch.announce_sign_in(flow)
    return flow


NAMES = ["first_name", "last_name", "username"]


def required(settings: InstanceSettings) -> list[str]:
    """Return the fields without which nobody signs up."""
    names = [name for name in NAMES if getattr(settings, name) == Presence.REQUIRED]
    return [kind.value for kind in Kind if settings.requires(kind)] + names


def optional(settings: InstanceSettings) -> list[str]:
    """Return the fields that may be left out."""
    kinds = [kind.value for kind in Kind if settings.offers(kind) and not settings.requires(kind)]
    return kinds + [name for name in NAMES if getattr(settings, name) == Presence.OPTIONAL]


def missing(flow: Flow, settings: InstanceSettings) -> list[str]:
    """Return the fields that have yet to be given; one that identifies is always among them."""
    given = {identifier.kind.value for identifier in offered_identifiers(flow, settings)}
    given |= {name for name in NAMES if flow.details[name]}
    fields = [field for field in required(settings) if field not in given]
    identifying = [kind.value for kind in settings.kinds]
    if not given.intersection(identifying) and not set(fields).intersection(identifying):
        fields = identifying[:1] + fields
    return fields


def offered_identifiers(flow: Flow, settings: InstanceSettings) -> list[IdentifierValue]:
    """Return the identifiers given, less those of a kind that was switched off meanwhile."""
    return [identifier for identifier in flow.identifiers if settings.offers(identifier.kind)]


def unverified(flow: Flow, settings: InstanceSettings) -> list[IdentifierValue]:
    """Return the identifiers given that are not proven yet."""
    return [identifier for identifier in offered_identifiers(flow, settings) if identifier not in flow.verified]


DETAILS = [*NAMES, "unsafe_metadata"]


def read_fields(given: Mapping[str, str], visitor: Visitor, settings: InstanceSettings) -> dict[str, str]:
    """Return the fields that this site asks for, in canonical form. Raises what is wrong with one.

    That something is taken is an answer to pay for: it could be asked for in bulk.
    """
    try:
        return _read_fields(given, settings)
    except IdentifierExists:
        throttle.consume(rules.for_flow(visitor, settings))
        raise


def _read_fields(given: Mapping[str, str], settings: InstanceSettings) -> dict[str, str]:
    values = _identifiers(given, settings)
    if not settings.enumeration_protection:
        typed = [IdentifierValue(kind, values[kind]) for kind in Kind if values.get(kind)]
        for taken in users.holders_of(typed) if typed else []:
            raise IdentifierExists(taken.kind.value)
    for name in DETAILS:
        if name in given and getattr(settings, name, None) != Presence.OFF:
            values[name] = users.clean(name, given[name]) if given[name] else ""
    return values


def typed_identifier(flow: Flow, strategy: Strategy, settings: InstanceSettings) -> IdentifierValue:
    """Return the identifier of this strategy. Raises `ValueDisabled` or `ParamMissing`."""
    if not settings.offers(strategy.kind):
        raise ValueDisabled("strategy")
    for identifier in flow.identifiers:
        if identifier.kind == strategy.kind:
            return identifier
    raise ParamMissing(strategy.kind.value)


def _identifiers(given: Mapping[str, str], settings: InstanceSettings) -> dict[str, str]:
    values: dict[str, str] = {}
    for kind in Kind:
        if given.get(kind):
            values[kind.value] = lifecycle.read_identifier(given[kind], settings, kind.value, kind).value
        elif kind in given:
            values[kind.value] = ""
    if values.get(Kind.PHONE_NUMBER):
        lifecycle.require_served(values[Kind.PHONE_NUMBER], settings)
    return values


def start_transfer(client: str, current: Flow | None, values: dict[str, str], details: Any) -> Flow:
    """Save a sign-up that starts with the identifier that this client has just proven. Raises `TransferInvalid`.

    Once: the sign-in ends here, and its verification is no longer transferable.
    """
    sign_in = Flow.objects.live().filter(client=client, purpose=Purpose.SIGN_IN)
    held = sign_in.update(status=Status.OPEN)
    proofs = Verification.objects.filter(flow__in=sign_in, status=VerificationStatus.TRANSFERABLE)
    proven = proofs.filter(expires_at__gt=timezone.now()).first() if held else None
    if proven is None:
        raise TransferInvalid
    Verification.objects.filter(pk=proven.pk).update(status=VerificationStatus.VERIFIED)
    lifecycle.end_open(client, Purpose.SIGN_IN)
    given = {**values, proven.kind: proven.value}
    addresses = [IdentifierValue(kind, given[kind]) for kind in Kind if given.get(kind)]
    flow = lifecycle.new(client, Purpose.SIGN_UP, addresses, details)
    lifecycle.open_in_place_of(flow, current, [])
    verification = Verification.objects.create(
        flow=flow,
        kind=proven.kind,
        value=proven.value,
        status=VerificationStatus.VERIFIED,
        tries=proven.tries,
        max_tries=proven.max_tries,
        expires_at=proven.expires_at,
    )
    flow.known_verifications.append(verification)
    return flow


def finish(flow: Flow, settings: InstanceSettings, visitor: Visitor) -> OTPError | None:
    """Complete the flow for `browser` if nothing is missing and everything is proven.

    Returns a refusal instead of raising it: what the visitor has proven is to be committed all the same.
    """
    if missing(flow, settings) or unverified(flow, settings):
        return None
    proven = offered_identifiers(flow, settings)
    try:
        user = _owner(proven, settings) or _new_user(flow, proven, settings)
    except (IdentificationClaimed, IdentifierExists) as refusal:
        return refusal
    flow.complete(user, visitor.next_client, not flow.made_user and users.is_news_to(user, visitor))
    return None


def _new_user(flow: Flow, proven: list[IdentifierValue], settings: InstanceSettings) -> Any:
    metadata = json.loads(flow.details["unsafe_metadata"] or "{}")
    try:
        user = users.make(proven, {**flow.details, "unsafe_metadata": metadata})
    except IdentificationClaimed:
        # A sign-up that ran beside this one may have made a user of the same identifiers: hers, then.
        owner = _owner(proven, settings)
        if owner is None:
            raise
        return owner
    flow.made_user = True
    return user


def _owner(proven: list[IdentifierValue], settings: InstanceSettings) -> Any:
    """Return the user who holds all of these; `None` where nobody holds any. Raises `IdentificationClaimed`."""
    holders = users.holders_of(proven)
    if not holders:
        return None
    owner = holders[next(iter(holders))]
    all_hers = len(holders) == len(proven) and all(holder.pk == owner.pk for holder in holders.values())
    tested = any(TestAddress.code_for(identifier, settings) for identifier in proven)
    identifies = any(settings.identifies(identifier.kind) for identifier in proven)
    if not (all_hers and identifies and users.may_sign_in(owner, settings, tested)):
        raise IdentificationClaimed
    return owner
