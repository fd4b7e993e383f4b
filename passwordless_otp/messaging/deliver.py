"""Deliver one message: claim it, write it, try the providers of its channel in turn, record what came of it."""

import logging
import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import events
from passwordless_otp.messaging import render, routes, security_notices, sms_guard
from passwordless_otp.messaging.backends.base import Backend, Outgoing, Refused, Unavailable, Unclear
from passwordless_otp.models import Message, ProviderHealth
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.models.messages import TAKEN, MessageKind, MessageStatus

logger = logging.getLogger("passwordless_otp.messaging")

WAITS = [(1.0, 3.0), (5.0, 15.0)]  # seconds: after each time that nobody was there, so at most 3 times in all
READING = timedelta(seconds=20)  # a code that would come later than this before its end is not sent any more


@dataclass(frozen=True)
class Outcome:
    """What came of one provider. With `passes_on` another may be tried: nothing has gone out."""

    status: MessageStatus
    backend: str
    error_code: str = ""
    provider_id: str = ""
    passes_on: bool = False


def deliver_message(message_id: UUID | str) -> datetime | None:
    """Do what is due for this message, once for all workers that try; return when it is due again, if it is.

    The id may be a sign-in's: then its user is told of it.
    """
    if not Message.objects.claim(message_id):
        report_outcome(message_id)
        tries = [
            Message.objects.next_try(message_id),
            *map(deliver_message, security_notices.for_sign_in(message_id)),
        ]
        return min((instant for instant in tries if instant), default=None)
    message = Message.objects.whole().get(pk=message_id)
    if not message.is_current:
        _leave(message)
        return None
    reason = sms_guard.suppression_reason(message)
    if reason:
        message.record(MessageStatus.SUPPRESSED, error_code=reason)
        return None
    outcome, again = _through_the_chain(message), None
    if outcome.status == MessageStatus.PENDING:
        again = _again(message)
        outcome = outcome if again else replace(outcome, status=MessageStatus.FAILED)
    if outcome.status != MessageStatus.SENT:
        # The exception itself stays out of the log: a library's may hold the text, and with it the code.
        what = (message.pk, message.channel, outcome.backend, outcome.status, outcome.error_code)
        logger.error("message %s (%s) by %s: %s, %s", *what)
    said = {"backend": outcome.backend, "provider_id": outcome.provider_id, "error_code": outcome.error_code}
    message.record(outcome.status, next_try_at=again, **said)
    if outcome.status == MessageStatus.SENT:
        _note(outcome.backend, works=True)
        if MessageKind(message.kind).has_code:
            message.backend = outcome.backend
            events.code_sent(message)
    return again


def _leave(message: Message) -> None:
    """Record why it is not sent any more: nobody needs it, or it has waited for a worker for too long."""
    verification = message.verification
    late = verification is not None and verification.state == VerificationStatus.EXPIRED
    if verification is not None and late and message.generation == verification.generation:
        logger.error("message %s (%s) waited until its code had expired", message.pk, message.channel)
        message.record(MessageStatus.FAILED, error_code="expired")
        return
    message.record(MessageStatus.SUPPRESSED, error_code="superseded")


@sensitive_variables("outgoing")
def _through_the_chain(message: Message) -> Outcome:
    """Try one provider after the other, until one has taken the message or may have."""
    try:
        outgoing, providers = render.render_message(message), routes.providers_of(message.channel)
    except DatabaseError as error:  # it may be back in a moment
        return Outcome(MessageStatus.PENDING, "", type(error).__name__)
    except Exception as error:
        return Outcome(MessageStatus.FAILED, "", type(error).__name__)
    outcomes = [Outcome(MessageStatus.FAILED, "", "no provider")]
    for provider in providers:
        outcome = _try(provider, message, outgoing)
        if not outcome.passes_on:
            return outcome
        outcomes.append(outcome)
    waiting = [outcome for outcome in outcomes if outcome.status == MessageStatus.PENDING]
    return (waiting or outcomes)[-1]


@sensitive_variables("outgoing")
def _try(provider: routes.Provider, message: Message, outgoing: Outgoing) -> Outcome:
    try:
        backend = provider.backend()
    except Exception as error:
        return Outcome(MessageStatus.FAILED, provider.name, type(error).__name__, passes_on=True)
    if backend.max_code_length and len(outgoing.code) > backend.max_code_length:
        return Outcome(MessageStatus.FAILED, provider.name, "code too long", passes_on=True)
    if not ProviderHealth.objects.admits(provider.name):
        return Outcome(MessageStatus.PENDING, provider.name, "health open", passes_on=True)
    outgoing = replace(outgoing, callback_url=render.callback_url(message, backend))
    return _send(backend, provider.name, outgoing)


@sensitive_variables("outgoing")
def _send(backend: Backend, name: str, outgoing: Outgoing) -> Outcome:
    try:
        return Outcome(MessageStatus.SENT, name, provider_id=backend.send(outgoing).provider_id)
    except Refused as error:
        outcome, works = Outcome(MessageStatus.FAILED, name, error.code, passes_on=error.elsewhere), True
    except Unavailable as error:
        outcome, works = Outcome(MessageStatus.PENDING, name, error.code, passes_on=True), error.for_recipient
    except Unclear as error:
        outcome, works = Outcome(MessageStatus.UNKNOWN, name, error.code), False
    except Exception as error:
        return Outcome(MessageStatus.UNKNOWN, name, type(error).__name__)
    # Not within `except`: the provider's error would be the context of the database's, its frames with the text.
    _note(name, works)
    return outcome


def _note(name: str, works: bool) -> None:
    """Tell the other processes how this provider does. What became of the message does not depend on it."""
    try:
        ProviderHealth.objects.close(name) if works else ProviderHealth.objects.count_failure(name)
    except DatabaseError as error:
        logger.error("how %s does was not noted: %s", name, type(error).__name__)


def _again(message: Message) -> datetime | None:
    """Return when to try again; `None` where that would be too often, or too late for the code."""
    if message.delivery_tries > len(WAITS):
        return None
    wait = timedelta(seconds=random.uniform(*WAITS[message.delivery_tries - 1]))  # noqa: S311 - no secret
    names = [provider.name for provider in routes.providers_of(message.channel)]
    again = ProviderHealth.objects.first_admission(names, timezone.now()) + wait
    code = message.verification
    return again if code is None or again + READING <= code.expires_at else None


logger = logging.getLogger("passwordless_otp.messaging")


def report_outcome(message_id: UUID | str) -> None:
    """Tell the provider that has taken this message, if it asks and there is something to tell."""
    message = Message.objects.whole().filter(pk=message_id, status__in=TAKEN).first()
    if message is None or message.verification is None or message.is_current:
        return
    providers = [
        provider for provider in routes.providers_of(message.channel) if provider.name == message.backend
    ]
    if not providers or not providers[0].asks:
        return
    used = message.verification.status in {VerificationStatus.VERIFIED, VerificationStatus.TRANSFERABLE}
    approved = used and message.generation == message.verification.generation
    try:
        providers[0].backend().report_outcome(message.provider_id, approved)
    except Exception as error:
        logger.error("message %s was not settled with %s: %s", message.pk, message.backend, type(error).__name__)
