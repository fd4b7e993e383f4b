"""Send a code: for sign-in and sign-up alike, with the flow that it opens or in one that is open.

One verification stands for one identifier in a flow. A message that is asked for again within the resend interval
is not sent; later ones repeat the code while more than a third of its life is left, so that an older message
still works. Each of those saves a message, also one that must not go out: the work is the same for everybody. Who
has the identifier is not looked up here. The worker does so, and chooses what the message says.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils import timezone, translation

from passwordless_otp import conf, keys
from passwordless_otp.errors import CaptchaInvalid, ResourceNotFound, TooManyCodes, TooManyRequests
from passwordless_otp.flows import lifecycle, unlock
from passwordless_otp.flows.check_code import require_unspent
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Flow, InstanceSettings, Message, TestAddress, Verification, base
from passwordless_otp.models.flows import Purpose, VerificationStatus
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.rate_limits import code_strength, throttle
from passwordless_otp.rate_limits.code_strength import CodeFormat
from passwordless_otp.rate_limits.throttle import StepLimits
from passwordless_otp.visitor import Visitor

LEAST_LIFE = 1 / 3  # of a code's life: with more left it is sent again, otherwise a new one
FIRST_CHECKED_CHANGE = 2  # of address within a flow, for which the bot check is asked again


@base.retry_on_conflict
def open_flow(
    settings: InstanceSettings,
    current: Flow | None,
    flow: Flow,
    visitor: Visitor,
    identifier: IdentifierValue | None,
) -> Flow:
    """Save a new flow in place of `current`; with an identifier, send it a code. Return the flow as saved.

    Raises `CaptchaInvalid` and `TooManyRequests`. If a parallel request has opened another, that one is returned.
    """
    flow = flow.changed()
    message = None
    try:
        if identifier is None:
            with throttle.flow(settings, visitor, flow.identifiers) as limits, base.durable(Flow):
                flow.receipts = limits.receipts
                lifecycle.replace(current, flow)
        else:
            _require_human(flow, visitor, identifier)
            with throttle.message(settings, visitor, identifier, opens_flow=True) as limits, base.durable(Flow):
                lifecycle.replace(current, flow)
                message = _write(settings, flow, identifier, limits)
    except IntegrityError:
        return lifecycle.concurrent_flow(visitor.client, Purpose(flow.purpose))
    except TooManyRequests:
        for wanted in flow.identifiers[:1] if identifier is None else [identifier]:
            unlock.offer(settings, visitor, wanted)
        raise
    if message:
        dispatch.submit(message)
    return flow


def send(settings: InstanceSettings, flow: Flow, visitor: Visitor, identifier: IdentifierValue) -> Flow:
    """Send a code in an open flow, unless the last message is younger than the resend interval.

    Raises `VerificationFailed`, `AlreadyVerified`, `TooManyCodes`, `CaptchaInvalid`, `TooManyRequests`, and
    `ResourceNotFound` if a sign-up has changed its identifier meanwhile.
    """
    verification = flow.verification_of(identifier)
    if verification is not None and _was_just_sent(settings, verification):
        throttle.count_step(settings, visitor, flow)
        with lifecycle.step(flow) as held:
            latest = _reread(held, identifier)
            _mark_newest(latest.verification_of(identifier))
        return latest
    if verification is None:
        _require_human(flow, visitor, identifier)
    try:
        with throttle.message(settings, visitor, identifier) as limits:
            with lifecycle.step(flow) as held:
                latest = _reread(held, identifier)
                message = _write(settings, latest, identifier, limits)
            if message is None:
                limits.refund()
    except TooManyRequests:
        unlock.offer(settings, visitor, identifier)
        raise
    if message:
        dispatch.submit(message)
    return latest


def _require_human(flow: Flow, visitor: Visitor, identifier: IdentifierValue) -> None:
    """Ask the site's bot check, unless the browser is recognised or an address has passed in this flow before.

    One change of address is free, since front ends of Clerk can show no check there. A second kind is no change.
    """
    if visitor.is_human is None or visitor.group_for(identifier):
        return
    before = [verification.identifier for verification in flow.known_verifications]
    changes = len({identifier, *before}) - len({each.kind for each in [identifier, *before]})
    # No check was made for an identifier for which the browser is recognised.
    has_passed = not all(visitor.group_for(each) for each in before)
    if has_passed and changes < FIRST_CHECKED_CHANGE:
        return
    if not visitor.is_human():
        raise CaptchaInvalid


def _reread(held: Flow, identifier: IdentifierValue) -> Flow:
    """Return the flow with its verifications as other steps have left them. Its row must be held."""
    flow = lifecycle.reread(held)
    if flow.purpose == Purpose.SIGN_UP and identifier not in flow.identifiers:
        raise ResourceNotFound  # it was changed meanwhile, in another tab
    return flow


def _was_just_sent(settings: InstanceSettings, verification: Verification) -> bool:
    """Return whether the last message is younger than the resend interval, and its code still works."""
    due = verification.resend_at(settings.resend_interval)
    waiting = verification.state == VerificationStatus.UNVERIFIED and due is not None and due > timezone.now()
    return waiting and keys.known(verification.key_id)


def _mark_newest(verification: Verification | None) -> None:
    """Note that its code was asked for again, though nothing is sent: `Flow.newest` is this one from now on."""
    if verification is not None:
        require_unspent(verification)
        _save(verification, prepared_at=timezone.now())


def _write(
    settings: InstanceSettings, flow: Flow, identifier: IdentifierValue, limits: StepLimits
) -> Message | None:
    """Save the verification and its message. The flow's row must be held.

    Return `None` if another request has just sent one. Raises `VerificationFailed`, `AlreadyVerified`,
    `TooManyCodes`.
    """
    now = timezone.now()
    verification = flow.verification_of(identifier)
    if verification is not None:
        require_unspent(verification)
        if _was_just_sent(settings, verification):
            _save(verification, prepared_at=now)
            return None
    if flow.sends >= settings.messages_per_flow:
        over = max(other.expires_at for other in flow.known_verifications)  # then `create` opens another flow
        raise TooManyCodes(retry_after=max(1, int((over - now).total_seconds())))
    if verification is None:
        kind, value = identifier
        verification = Verification(flow=flow, kind=kind, value=value, max_tries=settings.max_tries)
        # The first one of a flow takes over what opening the flow has consumed.
        verification.receipts = [] if flow.known_verifications else flow.receipts
    fixed_code = TestAddress.code_for(identifier, settings)
    _make_code_if_due(settings, verification, code_strength.SHORT if fixed_code else limits.code_format, now)
    made = ["nonce", "key_id", "generation", "length", "alphabet", "expires_at"]
    _save(
        verification,
        prepared_at=now,
        last_sent_at=now,
        sends=verification.sends + 1,
        receipts=[*verification.receipts, *limits.receipts],
        **{name: getattr(verification, name) for name in made},
    )
    return _message(settings, verification, limits, bool(fixed_code))


def _make_code_if_due(
    settings: InstanceSettings, verification: Verification, code_format: CodeFormat, now: datetime
) -> None:
    """Give the verification its first code, or another one if the last is old or without its key.

    Also if it is too short, or too long for every provider since the setting DELIVERY has changed.
    """
    life = timedelta(seconds=settings.code_life)
    old = verification.expires_at - now <= life * LEAST_LIFE or not keys.known(verification.key_id)
    longest = conf.longest_code(verification.identifier.kind.channel) or verification.length
    if old or not code_format.length <= verification.length <= longest:
        verification.renew(life, now, *code_format)


def _save(verification: Verification, **changes: Any) -> None:
    """Write what a prepare may write, and nothing that an attempt has written meanwhile."""
    for name, value in changes.items():
        setattr(verification, name, value)
    if verification._state.adding:
        verification.save(force_insert=True)
        verification.flow.known_verifications.append(verification)
        return
    rows = Verification.objects.filter(pk=verification.pk, status=VerificationStatus.UNVERIFIED)
    if not rows.update(**changes):
        verification.refresh_from_db(fields=["status"])
        require_unspent(verification)


def _message(
    settings: InstanceSettings, verification: Verification, limits: StepLimits, is_test: bool
) -> Message:
    """Save and return the message. None goes out to a test address."""
    message = Message(
        verification=verification,
        kind=MessageKind(verification.flow.purpose),
        channel=verification.identifier.kind.channel,
        generation=verification.generation,
        status=MessageStatus.SUPPRESSED if is_test else MessageStatus.PENDING,
        asked_by=limits.asked_by,
        has_unlock_link=limits.fills_address,
        language=translation.get_language() or "",
        origin=conf.asked_from.get(),
    )
    dispatch.save(message)
    return message
