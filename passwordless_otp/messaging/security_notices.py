"""Security notices: tell the holders of an account's identifiers what was done to it.

A sign-in in a browser that is new to the user, and an identifier that was added. `Flow.notice_due` is saved with
the completed sign-in and says that its notices are still to be written. Whoever changes it back writes them, in
the same transaction, so that they are written once whatever dies on the way.

Every email address of the user is notified, also the one that got the code: somebody else may read it. Phones are
notified only where the user has none, and not the phone that has just got the code: an SMS costs money.
"""

from collections.abc import Iterable, Sequence

from django.conf import settings as site
from django.contrib.auth.models import AbstractBaseUser
from django.db import router, transaction

from passwordless_otp import conf
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Flow, InstanceSettings, Message, TestAddress
from passwordless_otp.models.flows import Status, VerificationStatus
from passwordless_otp.models.messages import MessageKind, MessageStatus


def write_for_sign_in(flow: Flow, *, claim_first: bool = False) -> list[Message]:
    """Save and return the notices of this sign-in; none if another worker was faster.

    The user's identifiers and the flow's verifications are read only where they are not loaded. With
    `claim_first` the first notice is saved as claimed, for a caller that delivers it at once.
    """
    if flow.user is None:
        return []
    settings = InstanceSettings.current()  # outside of the transaction, where it may be remembered
    with transaction.atomic(using=router.db_for_write(Message)):
        if not Flow.objects.filter(pk=flow.pk, notice_due=True).update(notice_due=False):
            return []
        notices = _make(flow.user, _recipients_of(flow), settings, flow)
        for notice in notices[:1]:
            if claim_first and notice.status == MessageStatus.PENDING:
                notice.mark_claimed()
        return list(Message.objects.bulk_create(notices))


def write_for_identifier(user: AbstractBaseUser, before: Sequence[IdentifierValue]) -> list[Message]:
    """Save and return the notices that an identifier was added, to those that the user had `before`."""
    recipients = _mailboxes(before) or list(before)
    return list(Message.objects.bulk_create(_make(user, recipients, InstanceSettings.current(), None)))


def _recipients_of(flow: Flow) -> list[IdentifierValue]:
    own = flow.user.otp_identifiers.all() if flow.user else []
    held = [each.identifier for each in own]
    if mailboxes := _mailboxes(held):
        return mailboxes
    verified = {v.identifier for v in flow.known_verifications if v.status == VerificationStatus.VERIFIED}
    return [identifier for identifier in held if identifier not in verified]


def _mailboxes(identifiers: Iterable[IdentifierValue]) -> list[IdentifierValue]:
    return [identifier for identifier in identifiers if identifier.kind == Kind.EMAIL_ADDRESS]


def _make(
    user: AbstractBaseUser, recipients: Sequence[IdentifierValue], settings: InstanceSettings, flow: Flow | None
) -> list[Message]:
    language, origin = (_language(user, recipients, flow), _origin(user)) if recipients else ("", "")
    notices = []
    for identifier in recipients:
        notice = Message(kind=MessageKind.SECURITY_NOTICE, user_id=user.pk, flow=flow, to=identifier.value)
        notice.channel, notice.language, notice.origin = identifier.kind.channel, language, origin
        if TestAddress.code_for(identifier, settings):
            notice.status = MessageStatus.SUPPRESSED
        notices.append(notice)
    return notices


def _language(user: AbstractBaseUser, recipients: Sequence[IdentifierValue], flow: Flow | None) -> str:
    """Return the language of the last message before that led to a sign-in: this browser may be a stranger's.

    A sign-up that went on from a sign-in has no message: there it is that of the sign-in.
    """
    earlier = Message.objects.exclude(verification__flow=flow) if flow else Message.objects.all()
    own = earlier.filter(verification__flow__user=user, verification__flow__status=Status.COMPLETE)
    values = [identifier.value for identifier in recipients]
    proven = earlier.filter(verification__value__in=values, verification__status=VerificationStatus.VERIFIED)
    for messages in [own, proven]:
        language: str | None = messages.order_by("-pk").values_list("language", flat=True).first()
        if language:
            return language
    return str(site.LANGUAGE_CODE)


def _origin(user: AbstractBaseUser) -> str:
    """Return where the running request came in; in a worker, where the user last asked for a message."""
    if conf.asked_from.get() or not conf.has_many_origins():
        return conf.asked_from.get()
    own = Message.objects.filter(verification__flow__user=user).exclude(origin="")
    return own.order_by("-pk").values_list("origin", flat=True).first() or ""
