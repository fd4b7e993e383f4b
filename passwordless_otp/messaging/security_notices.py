"""Notices: what somebody has done to an account, told to those who hold its identifiers."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings as site
from django.db import router, transaction

from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Flow, Identifier, InstanceSettings, Message, TestAddress
from passwordless_otp.models.flows import Status, VerificationStatus
from passwordless_otp.models.messages import MessageKind, MessageStatus


def for_sign_in(flow_id: UUID | str) -> list[UUID]:
    """Write the notices of this sign-in, if they are due; return those of them that wait to be sent."""
    with transaction.atomic(using=router.db_for_write(Message)):
        if Flow.objects.filter(pk=flow_id, notice_due=True).update(notice_due=False):  # of two workers, one
            flow = Flow.objects.select_related("user").get(pk=flow_id)
            held = [identifier.identifier for identifier in Identifier.objects.filter(user=flow.user_id)]
            proven = {v.identifier for v in flow.verifications.filter(status=VerificationStatus.VERIFIED)}
            _write(flow.user, _recipients(held, proven), flow)
    waiting = Message.objects.filter(flow=flow_id, status=MessageStatus.PENDING)
    return list(waiting.order_by("pk").values_list("pk", flat=True))


def for_added_identifier(user: Any, before: Sequence[IdentifierValue]) -> list[Message]:
    """Write and return notices to those who held the user's identifiers `before` one was added."""
    return _write(user, _recipients(before, set()), None)


def _recipients(held: Sequence[IdentifierValue], proven: set[IdentifierValue]) -> list[IdentifierValue]:
    """Return every mailbox, for somebody else may read one; only without any, the phones that got no code.

    An SMS costs, and the code itself has just told that phone.
    """
    mailboxes = [identifier for identifier in held if identifier.kind == Kind.EMAIL_ADDRESS]
    return mailboxes or [identifier for identifier in held if identifier not in proven]


def _write(user: Any, recipients: Sequence[IdentifierValue], flow: Flow | None) -> list[Message]:
    settings, language = InstanceSettings.current(), _language(user, flow)
    notices = []
    for identifier in recipients:
        message = Message(
            kind=MessageKind.SECURITY_NOTICE, user=user, flow=flow, to=identifier.value, language=language
        )
        message.channel = identifier.kind.channel
        if TestAddress.code_for(identifier, settings):
            message.status = MessageStatus.SUPPRESSED
        notices.append(message)
    return list(Message.objects.bulk_create(notices))


def _language(user: Any, flow: Flow | None) -> str:
    """Return the language in which the user got a code before: a stranger's browser has another, perhaps."""
    hers = Message.objects.filter(verification__flow__user=user, verification__flow__status=Status.COMPLETE)
    hers = hers.exclude(verification__flow=flow) if flow else hers
    language: str | None = hers.order_by("-pk").values_list("language", flat=True).first()
    return language or str(site.LANGUAGE_CODE)
