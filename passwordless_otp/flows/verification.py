"""The part that sign-in and sign-up share: send a code, check a code."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import codes, keys, outbox
from passwordless_otp.errors import (
    AlreadyVerified,
    CodeIncorrect,
    OTPError,
    ServiceUnavailable,
    TooManyCodes,
    VerificationExpired,
    VerificationFailed,
)
from passwordless_otp.flows import transactions
from passwordless_otp.identifiers import Address
from passwordless_otp.models import Flow, InstanceSettings, Message, TestIdentifier, Verification
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.models.verifications import VerificationStatus

LOOKS = 3  # at a verification that others keep changing: each needs another message, so one is rare
RESENT_FOR = 2 / 3  # of its life: a code with less than a third left is replaced when asked for again


T = TypeVar("T")


class Overtaken(Exception):
    """Another request has changed the verification since this one read it."""


def send_code(flow: Flow, address: Address, kind: MessageKind, settings: InstanceSettings) -> Message | None:
    """Save the verification of `address` and a message, for the caller to dispatch after the commit.

    `None` where the last message is so fresh that none is due. The flow's row must be held, its attempts be
    fresh. Raises `VerificationFailed`, `AlreadyVerified` or `TooManyCodes`.
    """
    now = timezone.now()
    verification = flow.verification_of(address)
    if verification is None:
        verification = Verification(
            flow=flow, kind=address.kind, value=address.value, max_tries=settings.max_tries
        )
    elif verification.state == VerificationStatus.UNVERIFIED and _fresh(verification, settings):
        _save(verification, prepared_at=now)
        return None
    refuse_spent(verification)
    if flow.sends >= settings.messages_per_flow:
        wait = (
            max(other.expires_at for other in flow.known_verifications) - now
        )  # then `create` opens another flow
        raise TooManyCodes(retry_after=max(1, int(wait.total_seconds())))

    life = timedelta(seconds=settings.code_life)
    if verification.expires_at - now <= life * (1 - RESENT_FOR) or not keys.known(verification.key_id):
        verification.renew(life, now)
    made = ["nonce", "key_id", "generation", "expires_at"]
    _save(
        verification,
        prepared_at=now,
        last_sent_at=now,
        sends=verification.sends + 1,
        **{name: getattr(verification, name) for name in made},
    )
    return _message(verification, kind, settings)


@sensitive_variables("code", "typed")
def check_code(
    verification: Verification, code: str, settings: InstanceSettings, may_pass: bool, accept: Callable[[], T]
) -> T:
    """Run `accept`, which has to call `take`, in a transaction if `code` is right; else raise, a try paid.

    With `may_pass` false even the right code is a wrong one. Raises `CodeIncorrect` (not paid where it could
    not be a code at all), `VerificationFailed`, `VerificationExpired`, `AlreadyVerified`.
    """
    for _ in range(LOOKS):
        refuse_spent(verification)
        if verification.state == VerificationStatus.EXPIRED:
            raise VerificationExpired
        typed = codes.normalise(code, verification.length, verification.alphabet)
        if not typed:
            raise CodeIncorrect
        try:
            if not (_matches(verification, typed, settings) and may_pass):
                raise _refusal(verification)
            outcome = transactions.run(accept, verification.flow, verification)
        except Overtaken:
            # The answer is the state as it now stands, or if only the code is another, one more look.
            verification.reread()
            refuse_ended(verification.flow)
        else:
            outbox.settle(verification)
            return outcome
    raise ServiceUnavailable


def _refusal(verification: Verification) -> OTPError:
    """Pay the try that a wrong code costs. Raises `Overtaken`."""
    if not transactions.run(lambda: verification.judge(right=False)):
        raise Overtaken
    verification.reread()
    if verification.status != VerificationStatus.FAILED:
        return CodeIncorrect()
    outbox.settle(verification)
    return VerificationFailed()


def take(verification: Verification, **outcome: Any) -> None:
    """Take the right code, once. Raises `Overtaken` if another request was faster."""
    if not verification.judge(right=True, **outcome):
        raise Overtaken
    verification.tries += 1
    for name, value in {"status": VerificationStatus.VERIFIED, "nonce": "", **outcome}.items():
        setattr(verification, name, value)


def refuse_spent(verification: Verification) -> None:
    """Raise why this verification takes no code any more, if it does not."""
    if verification.status == VerificationStatus.FAILED:
        raise VerificationFailed
    if verification.status != VerificationStatus.UNVERIFIED:
        raise AlreadyVerified


def refuse_ended(flow: Flow) -> None:
    """Raise why this flow does not go on, if it does not, as the database has it."""
    if not Flow.objects.live().filter(pk=flow.pk).exists():
        raise flow.refusal()


@sensitive_variables()
def _matches(verification: Verification, typed: str, settings: InstanceSettings) -> bool:
    fixed = TestIdentifier.code_for(verification.address, settings)
    try:
        return codes.match(fixed or verification.code(), typed)
    except keys.KeyMissing as error:
        raise VerificationExpired from error


def _fresh(verification: Verification, settings: InstanceSettings) -> bool:
    due = verification.resend_at(settings.resend_interval)
    return due is not None and due > timezone.now() and keys.known(verification.key_id)


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
        refuse_spent(verification)


def _message(verification: Verification, kind: MessageKind, settings: InstanceSettings) -> Message:
    """Every prepare writes one, also where nothing may go out: whoever is asked for, it costs the same."""
    by_phone_without_code = verification.address.kind.channel == "sms" and not kind.has_code
    held_back = TestIdentifier.code_for(verification.address, settings) or by_phone_without_code
    message: Message = Message.objects.create(
        verification=verification,
        kind=kind,
        channel=verification.address.kind.channel,
        generation=verification.generation,
        status=MessageStatus.SUPPRESSED if held_back else MessageStatus.PENDING,
        language=translation.get_language() or "",
    )
    return message
