"""Sign up: create, update, prepare, attempt.

1. `create` opens a sign-up with the fields that were typed, or takes over what a sign-in has proven (transfer).
2. `update` changes fields.
3. `prepare` sends a code to an identifier; `attempt` hands it in and so proves that identifier.
4. Once nothing is missing and everything is proven, the sign-up completes: it makes the user, or signs in the one
   who has all of the identifiers already, or links the one whose email field has the address (`existing_users`).
   A user exists only after proof.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import conf, events, existing_users, policy, users
from passwordless_otp.errors import (
    EmailAddressBlocked,
    IdentificationClaimed,
    IdentifierExists,
    NotAllowedAccess,
    OTPError,
    ParamMissing,
    ResourceNotFound,
    ServiceUnavailable,
    SignUpClosed,
    TransferInvalid,
    ValueDisabled,
    VerificationExpired,
    VerificationMissing,
)
from passwordless_otp.flows import check_code, factors, lifecycle, send_code
from passwordless_otp.identifiers import IdentifierValue, Kind, Strategy
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Flow, InstanceSettings, TestAddress, Verification, base
from passwordless_otp.models.flows import (
    TRANSFER_LIFE,
    VERIFIED_LIFE,
    Overtaken,
    Purpose,
    Status,
    VerificationStatus,
)
from passwordless_otp.models.instance_settings import Presence
from passwordless_otp.policy import Policy
from passwordless_otp.rate_limits import rules, throttle, windows
from passwordless_otp.visitor import Visitor

NAMES = ["first_name", "last_name", "username"]
DETAILS = [*NAMES, "unsafe_metadata"]
FOUND, MADE = "found", "made"  # how the user of a sign-up was got, besides those of `existing_users`
REUSABLE = {VerificationStatus.UNVERIFIED, VerificationStatus.VERIFIED}


class NotAsked(Exception):
    """Nobody has these identifiers, and the visitor is asked before they get an account."""


@lifecycle.counted
def create(
    settings: InstanceSettings,
    current: Flow | None,
    visitor: Visitor,
    given: Mapping[str, str],
    strategy: Strategy | None = None,
    *,
    transfer: bool = False,
    ask_first: bool = False,
) -> Flow:
    """Open a sign-up of this browser, or go on with `current` if its identifiers are the same.

    `given` has any of `email_address`, `phone_number`, `first_name`, `last_name`, `username`, and as JSON text
    `unsafe_metadata` and `extra`. With `strategy` a code is sent. With `transfer` it takes over what a sign-in of
    this browser has just proven, and may be complete at once; with `ask_first` it makes no user yet.

    Raises `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess`, `TransferInvalid`, `CaptchaInvalid`,
    `TooManyCodes`, `TooManyRequests`, and what is wrong with a field (`FormatInvalid`, `ValueDisabled`,
    `CountryUnsupported`, `IdentifierExists`).
    """
    _require_open(settings)
    if not settings.enumeration_protection or given.get("username"):
        throttle.count_step(settings, visitor, current)
    values = _read_fields(settings, visitor, given)
    if transfer:
        return _transfer(settings, current, visitor, values, strategy, ask_first)
    with _counting_refusals(settings, visitor):
        policy.require_allowed(settings, _identifiers_of(values))
    flow = _new(visitor, values)
    if current is not None and _is_same(current, flow):
        try:
            return _go_on(settings, current, visitor, values, strategy)
        except ResourceNotFound:  # a parallel `create` of this client has replaced it
            return lifecycle.concurrent_flow(visitor.client, Purpose.SIGN_UP)
    to = typed_identifier(settings, flow, strategy) if strategy else None
    return send_code.open_flow(settings, current, flow, visitor, to)


@lifecycle.retry
def update(settings: InstanceSettings, flow: Flow, visitor: Visitor, given: Mapping[str, str]) -> Flow:
    """Change what was given. The sign-up may be complete by that.

    Raises `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess` or what is wrong with a field.
    """
    _require_open(settings)
    throttle.count_step(settings, visitor, flow)
    values = _read_fields(settings, visitor, given)
    changes = {kind.value: values[kind] for kind in Kind if kind in values}
    details = {name: values[name] for name in DETAILS if name in values}
    with _counting_refusals(settings, visitor), throttle.account(settings, visitor) as limits:
        with lifecycle.step(flow) as held:
            latest = lifecycle.reread(held)
            changes["extra"] = values.get("extra", latest.extra)
            updated = latest.touch(**changes, details={**latest.details, **details})
            policy.require_allowed(settings, updated.identifiers)
            updated, refusal = _complete_if_ready(settings, updated, visitor)
            if visitor.users:
                lifecycle.keep_recognition(flow.client, updated)
        if not updated.made_user:
            limits.refund()
    return _finish(visitor, flow, updated, refusal)


@lifecycle.retry
def prepare(settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy) -> Flow:
    """Send a code to the identifier of this strategy, unless the last message is younger than the interval.

    Raises `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess`, `ValueDisabled`, `ParamMissing`,
    `AlreadyVerified`, `VerificationFailed`, `CaptchaInvalid`, `TooManyCodes`, `TooManyRequests`.
    """
    _require_open(settings, flow)
    identifier = typed_identifier(settings, flow, strategy)
    verification = flow.verification_of(identifier)
    if verification is not None and verification.has_lapsed:
        verification.reopen()
    return send_code.send(settings, flow, visitor, identifier)


@lifecycle.retry
@sensitive_variables("code")
def attempt(settings: InstanceSettings, flow: Flow, visitor: Visitor, strategy: Strategy, code: str) -> Flow:
    """Prove an identifier if `code` is right. The last one completes the sign-up.

    Raises `CodeIncorrect`, `VerificationFailed`, `VerificationMissing`, `ValueDisabled`, `ParamMissing`,
    `SignUpClosed`, `EmailAddressBlocked`, `NotAllowedAccess`, `TooManyRequests`, `IdentifierExists` (the username
    was taken meanwhile: change it) and `IdentificationClaimed`.
    """
    _require_open(settings, flow)
    if flow.abandoned:
        raise VerificationExpired
    identifier = typed_identifier(settings, flow, strategy)
    verification = flow.verification_of(identifier)
    if verification is None:
        raise VerificationMissing
    check_code.require_open(verification, code)

    may_complete = not missing(settings, flow) and unverified(settings, flow) == [identifier]
    with throttle.attempt(settings, visitor, verification, may_make_account=may_complete) as limits:
        code_policy = Policy.for_sign_up(settings, identifier)
        required_length = check_code.require_right(settings, code_policy, verification, code, limits)
        with lifecycle.step(flow, client=visitor.next_client) as held:
            held.accept_code(identifier, required_length, expires_at=timezone.now() + VERIFIED_LIFE)
            proven, refusal = _complete_if_ready(settings, lifecycle.reread(held), visitor)
            if visitor.users:
                lifecycle.keep_recognition(flow.client, proven)
        limits.makes_account, limits.proof_waits = proven.made_user, proven.status == Status.PROVEN
        limits.signs_in = proven.user is not None and not proven.made_user

    dispatch.report_outcome(verification)
    if refusal is not None:
        refusal.is_proven = True
    return _finish(visitor, flow, proven, refusal)


def _finish(visitor: Visitor, before: Flow, flow: Flow, refusal: OTPError | None) -> Flow:
    """After the commit: what was proven is saved, so now a refusal may be raised."""
    if flow.client != before.client and visitor.flows - {flow.pk}:
        lifecycle.end_others(before.client)
    if refusal is not None:
        raise refusal
    if flow.user is not None and flow.details.get("linked"):
        events.existing_user_linked(flow)
    dispatch.announce_sign_in(flow)
    return flow


@contextmanager
def _counting_refusals(settings: InstanceSettings, visitor: Visitor) -> Iterator[None]:
    """Count a refusal by `policy.require_allowed` as a new flow: nobody can read the restrictions out in bulk."""
    try:
        yield
    except (EmailAddressBlocked, NotAllowedAccess):
        windows.consume(rules.for_flow(settings, visitor))
        raise


def _require_open(settings: InstanceSettings, flow: Flow | None = None) -> None:
    """Raise the reason if this sign-up may not go on: the settings may have changed since it began."""
    if not settings.sign_up_open:
        raise SignUpClosed
    if flow is not None:
        policy.require_allowed(settings, flow.identifiers)


def _new(visitor: Visitor, values: Mapping[str, str]) -> Flow:
    details = {name: values.get(name, "") for name in DETAILS}
    flow = lifecycle.new(visitor.client, Purpose.SIGN_UP, _identifiers_of(values), details)
    flow.extra = values.get("extra", "")
    return flow


def _identifiers_of(values: Mapping[str, str]) -> list[IdentifierValue]:
    return [IdentifierValue(kind, values[kind]) for kind in Kind if values.get(kind)]


def _is_same(current: Flow, flow: Flow) -> bool:
    """Return whether the open flow is what is asked for, and can still get somebody in."""
    mine = [v for v in current.known_verifications if v.identifier in flow.identifiers]
    same = current.identifiers == flow.identifiers
    return same and not current.abandoned and all(v.state in REUSABLE for v in mine)


def _go_on(
    settings: InstanceSettings, flow: Flow, visitor: Visitor, values: Mapping[str, str], strategy: Strategy | None
) -> Flow:
    """Return the open flow, so that the code that was sent stays good."""
    typed = {**flow.details, "extra": flow.extra}
    changed = any(typed[name] != values[name] for name in [*DETAILS, "extra"] if name in values)
    lacks = missing(settings, flow) or unverified(settings, flow)
    if changed or not lacks:  # nothing may be lacking any more, since the operator asks for less
        flow = update(settings, flow, visitor, values)
    elif not strategy:
        throttle.count_step(settings, visitor, flow)
    return prepare(settings, flow, visitor, strategy) if strategy and flow.user is None else flow


# What a sign-up asks for


def required(settings: InstanceSettings) -> list[str]:
    """Return the fields that every sign-up must give."""
    names = [name for name in NAMES if getattr(settings, name) == Presence.REQUIRED]
    return [kind.value for kind in Kind if settings.requires(kind)] + names


def optional(settings: InstanceSettings) -> list[str]:
    """Return the fields that a sign-up may give."""
    kinds = [kind.value for kind in Kind if settings.offers(kind) and not settings.requires(kind)]
    return kinds + [name for name in NAMES if getattr(settings, name) == Presence.OPTIONAL]


def missing(settings: InstanceSettings, flow: Flow) -> list[str]:
    """Return the fields that have yet to be given. One that identifies is always among them."""
    given = {identifier.kind.value for identifier in offered_identifiers(settings, flow)}
    given |= {name for name in NAMES if flow.details[name]}
    fields = [field for field in required(settings) if field not in given]
    identifying = [kind.value for kind in settings.kinds]
    if not given.intersection(identifying) and not set(fields).intersection(identifying):
        fields = identifying[:1] + fields
    return fields


def offered_identifiers(settings: InstanceSettings, flow: Flow) -> list[IdentifierValue]:
    """Return the identifiers given, less those of a kind that was turned off meanwhile."""
    return [identifier for identifier in flow.identifiers if identifier.kind in settings.offered_kinds]


def unverified(settings: InstanceSettings, flow: Flow) -> list[IdentifierValue]:
    """Return the identifiers given that are not proven yet."""
    return [identifier for identifier in offered_identifiers(settings, flow) if identifier not in flow.verified]


def typed_identifier(settings: InstanceSettings, flow: Flow, strategy: Strategy) -> IdentifierValue:
    """Return the identifier of this strategy. Raises `ValueDisabled` or `ParamMissing`."""
    if strategy.kind not in settings.offered_kinds:
        raise ValueDisabled("strategy")
    for identifier in flow.identifiers:
        if identifier.kind == strategy.kind:
            return identifier
    raise ParamMissing(strategy.kind.value)


def _read_fields(settings: InstanceSettings, visitor: Visitor, given: Mapping[str, str]) -> dict[str, str]:
    """Return the fields that this site asks for, in canonical form. Raises what is wrong with one.

    The caller has counted a step if something is looked up. An answer that something is taken is counted as a new
    flow, or it could be asked for in bulk.
    """
    values = _read_identifiers(settings, given)
    try:
        if not settings.enumeration_protection:
            _require_free(_identifiers_of(values))
        for name in DETAILS:
            if name in given and getattr(settings, name, None) != Presence.OFF:
                values[name] = users.clean(name, given[name]) if given[name] else ""
    except IdentifierExists:
        windows.consume(rules.for_flow(settings, visitor))
        raise
    if "extra" in given:
        values["extra"] = given["extra"]
    return values


def _read_identifiers(settings: InstanceSettings, given: Mapping[str, str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for kind in Kind:
        if given.get(kind):
            values[kind.value] = factors.read_identifier(settings, given[kind], kind.value, kind).value
        elif kind in given:
            values[kind.value] = ""
    if values.get(Kind.PHONE_NUMBER):
        factors.require_served(settings, values[Kind.PHONE_NUMBER])
    return values


def _require_free(identifiers: list[IdentifierValue]) -> None:
    """Raise `IdentifierExists` if somebody has one of them."""
    if not identifiers:
        return
    for taken in users.holders_of(identifiers):
        raise IdentifierExists(taken.kind.value)


# Transfer: go on from a sign-in that has proven an identifier which nobody has


def _transfer(
    settings: InstanceSettings,
    current: Flow | None,
    visitor: Visitor,
    values: dict[str, str],
    strategy: Strategy | None,
    ask_first: bool,
) -> Flow:
    """Open a sign-up with what was proven. It consumes no flow and no message: the sign-in has done so."""
    with _counting_refusals(settings, visitor), throttle.account(settings, visitor) as limits:
        policy.require_allowed(settings, [])
        try:
            flow, refusal = _open_transferred(settings, current, visitor, values, ask_first)
            if not flow.made_user:
                limits.refund()
        except IntegrityError:  # a parallel `create` of this client was faster
            limits.refund()
            return lifecycle.concurrent_flow(visitor.client, Purpose.SIGN_UP)
    flow = _finish(visitor, flow.changed(client=visitor.client), flow, refusal)
    return prepare(settings, flow, visitor, strategy) if strategy and flow.user is None else flow


@base.retry_on_conflict
def _open_transferred(
    settings: InstanceSettings, current: Flow | None, visitor: Visitor, values: dict[str, str], ask_first: bool
) -> tuple[Flow, OTPError | None]:
    with base.durable(Flow):
        proven = _take_proof(visitor.client)
        flow = _new(visitor, {**values, proven.kind: proven.value})
        flow.asks_first = ask_first
        lifecycle.replace(current, flow)
        flow.known_verifications = [
            Verification.objects.create(
                flow=flow,
                kind=proven.kind,
                value=proven.value,
                status=VerificationStatus.VERIFIED,
                tries=proven.tries,
                max_tries=proven.max_tries,
                expires_at=proven.expires_at - TRANSFER_LIFE + VERIFIED_LIFE,
            )
        ]
        policy.require_allowed(settings, flow.identifiers)
        flow, refusal = _complete_if_ready(settings, flow, visitor)
        if visitor.users:
            lifecycle.keep_recognition(visitor.client, flow)
        return flow, refusal


def _take_proof(client: str) -> Verification:
    """End this client's sign-in and return what it has proven: once. Raises `TransferInvalid`."""
    sign_in = Flow.objects.live().filter(client=client, purpose=Purpose.SIGN_IN)
    held = sign_in.update(status=Status.OPEN)
    proofs = Verification.objects.filter(flow__in=sign_in, status=VerificationStatus.TRANSFERABLE)
    proven: Verification | None = proofs.filter(expires_at__gt=timezone.now()).first() if held else None
    if proven is None:
        raise TransferInvalid
    Verification.objects.filter(pk=proven.pk).update(status=VerificationStatus.VERIFIED)
    lifecycle.end(client, Purpose.SIGN_IN)
    return proven


# Completion: make the user, or sign in the one who has the identifiers or the email address


def _complete_if_ready(settings: InstanceSettings, flow: Flow, visitor: Visitor) -> tuple[Flow, OTPError | None]:
    """Complete the flow if nothing is missing and everything is proven. Its row must be held.

    A refusal is returned instead of raised: what the visitor has proven is to be committed all the same.
    """
    if missing(settings, flow) or unverified(settings, flow):
        return flow, None
    proven = offered_identifiers(settings, flow)
    try:
        user, how = _find_or_make_user(settings, flow, proven)
    except NotAsked:
        return flow, None
    except (IdentificationClaimed, IdentifierExists) as refusal:
        return flow, refusal
    notice_due = how in existing_users.LINKED or (how != MADE and users.needs_notice(user, visitor))
    changes = flow.completion(user, visitor.next_client, notice_due)
    if how in existing_users.LINKED:
        changes["details"] = {**changes.get("details", flow.details), "linked": how}
    if how == existing_users.LINK:  # password and sessions have ended, also where the login still waits
        changes["notice_due"] = True
    completed = flow.touch(**changes)
    completed.made_user = how == MADE
    return completed, None


def _find_or_make_user(settings: InstanceSettings, flow: Flow, proven: list[IdentifierValue]) -> tuple[Any, str]:
    """Return the user, and how they were found. Raises `IdentificationClaimed`, `IdentifierExists`.

    It looks again where another request was faster: a sign-up beside this one that has made or linked a user of
    the same identifiers, or the site itself, which has made a user with this email address.
    """
    tested = any(TestAddress.code_for(identifier, settings) for identifier in proven)
    failure: IdentificationClaimed | None = None
    for _ in range(base.TRIES):
        holders, same_email = users.people_of(proven)
        if holders:
            return _owner(settings, proven, holders, tested), FOUND
        if same_email:
            with suppress(Overtaken):
                return existing_users.link(settings, proven, same_email, tested)
            continue
        if failure is not None:  # nobody was faster: the site does not take this user
            raise failure
        try:
            return _make_user(flow, proven), MADE
        except IdentificationClaimed as error:
            failure = error
    raise ServiceUnavailable


def _make_user(flow: Flow, proven: list[IdentifierValue]) -> Any:
    """Make the user. Raises `NotAsked`, and what `users.make` raises.

    CREATE_USER gets `extra` only where the site asks for something itself.
    """
    if flow.asks_first:
        raise NotAsked
    details = {**flow.details, "unsafe_metadata": json.loads(flow.details["unsafe_metadata"] or "{}")}
    if flow.extra or conf.get("SIGN_UP_FORM"):
        details["extra"] = json.loads(flow.extra or "{}")
    return users.make(proven, details)


def _owner(
    settings: InstanceSettings, proven: list[IdentifierValue], holders: dict[IdentifierValue, Any], tested: bool
) -> Any:
    """Return the user who has all of these. Raises `IdentificationClaimed` if nobody has, or may sign in."""
    owner = holders[next(iter(holders))]
    has_all = len(holders) == len(proven) and all(holder.pk == owner.pk for holder in holders.values())
    identifies = any(settings.identifies(identifier.kind) for identifier in proven)
    if not (has_all and identifies and users.may_sign_in(owner, settings, tested)):
        raise IdentificationClaimed
    return owner
