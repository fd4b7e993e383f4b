"""The part that sign-in and sign-up share: send a code."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.utils import timezone, translation

from passwordless_otp import keys
from passwordless_otp.errors import TooManyCodes
from passwordless_otp.flows.check_code import require_unspent
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, InstanceSettings, Message, TestAddress, Verification
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.rate_limits import code_strength, rules
from passwordless_otp.rate_limits.code_strength import SHORT, CodeFormat
from passwordless_otp.rate_limits.windows import Bucket
from passwordless_otp.visitor import Visitor

RESENT_FOR = 2 / 3  # of its life: a code with less than a third left is replaced when asked for again


class Plan(NamedTuple):
    """The message that a step wants to send, or only to write down. Without a shape none is due."""

    identifier: IdentifierValue
    kind: MessageKind
    shape: CodeFormat | None
    costs: list[Bucket]
    held_back: bool


def plan(
    flow: Flow,
    identifier: IdentifierValue,
    kind: MessageKind,
    visitor: Visitor,
    recognised: bool,
    held_back: bool = False,
) -> Plan:
    """Return what a message to `address` would say and cost, as this request has read the flow.

    The first one to it asks the site's bot check, unless the browser is recognised or something is proven in the
    flow. So it tells nobody who exists. Raises `CaptchaInvalid`.
    """
    settings = InstanceSettings.current()
    verification = flow.verification_of(identifier)
    if verification is not None and is_fresh(verification, settings):
        return Plan(identifier, kind, None, [], held_back)
    if verification is None and not recognised and not flow.verified:
        visitor.require_human()
    test = TestAddress.code_for(identifier, settings)  # is what it is, however many others are tried
    shape = SHORT if test else code_strength.current_format(identifier, visitor, recognised, settings)
    return Plan(identifier, kind, shape, rules.for_message(identifier, visitor, recognised, settings), held_back)


def send_code(flow: Flow, planned: Plan, settings: InstanceSettings, receipts: list[Any]) -> Message | None:
    """Save the verification of the address and a message, for the caller to dispatch after the commit.

    The verification keeps the receipts, to give them back when it succeeds.

    `None` where the last message is so fresh that none is due. The flow's row must be held, its attempts be
    fresh. Raises `VerificationFailed`, `AlreadyVerified` or `TooManyCodes`.
    """
    identifier, shape = planned.identifier, planned.shape
    now = timezone.now()
    verification = flow.verification_of(identifier)
    if verification is None:
        verification = Verification(
            flow=flow, kind=identifier.kind, value=identifier.value, max_tries=settings.max_tries
        )
        verification.receipts = [] if flow.known_verifications else flow.receipts
    elif shape is None or is_fresh(verification, settings):
        require_unspent(verification)
        _save(verification, prepared_at=now)
        return None
    require_unspent(verification)
    if flow.sends >= settings.messages_per_flow:
        over = max(other.expires_at for other in flow.known_verifications)  # then `create` opens another flow
        raise TooManyCodes(retry_after=max(1, int((over - now).total_seconds())))

    life = timedelta(seconds=settings.code_life)
    old = verification.expires_at - now <= life * (1 - RESENT_FOR) or not keys.known(verification.key_id)
    if shape and (old or verification.length < shape.length):
        verification.renew(life, now, *shape)
    made = ["nonce", "key_id", "generation", "length", "alphabet", "expires_at"]
    _save(
        verification,
        prepared_at=now,
        last_sent_at=now,
        sends=verification.sends + 1,
        receipts=[*verification.receipts, *receipts],
        **{name: getattr(verification, name) for name in made},
    )
    return _message(verification, planned, settings)


def is_fresh(verification: Verification, settings: InstanceSettings) -> bool:
    """Tell whether its last message is so fresh that none is due."""
    due = verification.resend_at(settings.resend_interval)
    waiting = verification.state == VerificationStatus.UNVERIFIED and due is not None and due > timezone.now()
    return waiting and keys.known(verification.key_id)


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
        verification.reread()
        require_unspent(verification)


def _message(verification: Verification, planned: Plan, settings: InstanceSettings) -> Message:
    """Every prepare writes one, also where nothing may go out: whoever is asked for, it costs the same."""
    identifier, kind = planned.identifier, planned.kind
    by_phone_without_code = identifier.kind.channel == "sms" and not kind.has_code
    held_back = TestAddress.code_for(identifier, settings) or by_phone_without_code or planned.held_back
    message: Message = Message.objects.create(
        verification=verification,
        kind=kind,
        channel=identifier.kind.channel,
        generation=verification.generation,
        status=MessageStatus.SUPPRESSED if held_back else MessageStatus.PENDING,
        error_code="restricted" if planned.held_back else "",
        language=translation.get_language() or "",
    )
    return message
