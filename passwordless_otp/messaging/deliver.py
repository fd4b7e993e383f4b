"""Deliver one message: claim it, suppress or render it, try the providers in turn, record the result.

Any number of workers may be given the same job. The claim is one conditional UPDATE, so one of them sends and the
others do nothing. A message that a provider may have taken is never sent again by itself. One that certainly was
not taken goes to the next provider, or is tried again later within the life of its code.

Exceptions of provider libraries may quote the message, and with it the code. Only their class is logged or saved.
"""

import logging
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import DatabaseError, router
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import events, tenants
from passwordless_otp.messaging import operator_mail, render, routes, security_notices, suppression
from passwordless_otp.messaging.backends.base import Backend, Outgoing, Refused, Unavailable, Unclear
from passwordless_otp.models import Flow, InstanceSettings, Message, ProviderHealth
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.models.messages import ACCEPTED, DeliveryResult, MessageKind, MessageStatus
from passwordless_otp.policy import SignInPolicy

logger = logging.getLogger("passwordless_otp.messaging")

SIGN_IN = "sign_in"
SIGN_IN_JOB = SIGN_IN + ":{}"  # the job of the security notices of a sign-in; a message's job is its bare id
LIMIT = "limit"
LIMIT_JOB = LIMIT + ":{}"  # the mail to operators about a limit of the instance: its name, or name,country
RETRY_WAITS = [(1.0, 3.0), (5.0, 15.0)]  # seconds, from and to: one for each retry, so at most 3 tries in all
TIME_TO_TYPE = timedelta(seconds=20)  # a code with less life than this left is not sent any more


def run_job(job: UUID | str) -> datetime | None:
    """Do what is due for this job. Return when it is due again, `None` where nothing is left to do.

    A pending message is sent, of a sent one the outcome is reported, of a sign-in the notices are written, of a
    limit operators are told, all in the schema that the job names. Raises `LookupError` if no tenant has that any
    more.
    """
    schema, bare = tenants.split(str(job))
    with tenants.entered(schema, router.db_for_write(Message)):
        return _run(bare)


def _run(job: str) -> datetime | None:
    kind, _, pk = job.rpartition(":")
    if kind == SIGN_IN:
        return _deliver_notices_of(pk)
    if kind == LIMIT:
        operator_mail.send(*pk.split(","))
        return None
    claimed = Message.objects.claim(pk)
    message: Message | None = Message.objects.with_flow().filter(pk=pk).first()
    if message is None:
        return None
    if claimed:
        return _deliver(message)
    if message.status == MessageStatus.PENDING:
        return message.next_try_at
    report_outcome(message)
    return None


def deliver_saved(message: Message) -> datetime | None:
    """Deliver a message that this process has just saved. Return when it is due again, if it is.

    Its verification and flow are used as they are. One read from the database as `sending` is another worker's.
    """
    if message.status == MessageStatus.PENDING:
        if not Message.objects.claim(message.pk):
            return message.next_try_at
        message.mark_claimed()
    return _deliver(message) if message.status == MessageStatus.SENDING else None


def deliver_security_notices(flow: Flow) -> datetime | None:
    """Write and deliver the security notices of this sign-in, which this process has just completed."""
    return _deliver_all(security_notices.write_for_sign_in(flow, claim_first=True))


def _deliver_notices_of(flow_id: str) -> datetime | None:
    flow: Flow | None = Flow.objects.select_related("user").filter(pk=flow_id).first()
    if flow is None:
        return None
    notices = security_notices.write_for_sign_in(flow) if flow.notice_due else []
    if not notices:  # another worker was faster, or this is a retry
        waiting = Message.objects.filter(flow=flow, status=MessageStatus.PENDING)
        notices = list(waiting.select_related("flow").order_by("pk"))
    return _deliver_all(notices)


def _deliver_all(messages: Iterable[Message]) -> datetime | None:
    tries = [deliver_saved(message) for message in messages]
    return min((again for again in tries if again), default=None)


def _deliver(message: Message) -> datetime | None:
    """Deliver a message that the caller has claimed. Return when it is due again, if it is."""
    result = _reason_not_to_send(message) or _try_providers(message)
    if result.status == MessageStatus.PENDING:
        again = _next_try(message)
        result = result._replace(next_try_at=again) if again else result._replace(status=MessageStatus.FAILED)
    if result.status not in {MessageStatus.SENT, MessageStatus.SUPPRESSED}:
        what = (message.pk, message.channel, result.status, result.error_code, result.backend or "none")
        logger.error("message %s (%s): %s, %s (provider: %s)", *what)
    message.record(result)
    if result.status == MessageStatus.SENT:
        _record_health(result.backend, works=True)
        if MessageKind(message.kind).has_code:
            message.backend = result.backend
            events.code_sent(message)
    return result.next_try_at


def _reason_not_to_send(message: Message) -> DeliveryResult | None:
    if message.kind == MessageKind.UNLOCK and not message.is_current:
        reason = "link expired while the message waited for a worker"
        return DeliveryResult(MessageStatus.FAILED, error_code=reason)
    if message.kind == MessageKind.UNLOCK and not render.unlock_url(message):
        reason = "no link: PUBLIC_URL or the page for it is missing"
        return DeliveryResult(MessageStatus.SUPPRESSED, error_code=reason)
    if message.is_current:
        reason = _choose_kind_and_count(message)
        return DeliveryResult(MessageStatus.SUPPRESSED, error_code=reason) if reason else None
    verification = message.verification
    newest = verification is not None and message.generation == verification.generation
    if verification is not None and verification.state == VerificationStatus.EXPIRED and newest:
        reason = "code expired while the message waited for a worker"
        return DeliveryResult(MessageStatus.FAILED, error_code=reason)
    return DeliveryResult(MessageStatus.SUPPRESSED, error_code="code was used, replaced or abandoned")


def _choose_kind_and_count(message: Message) -> str:
    """Choose what the answer to a sign-in says, count it, and return a reason not to send it: once for a message.

    Only here is it looked up who has the identifier: the request that asked for the message does not.
    """
    if message.delivery_tries > 1:
        return ""
    settings, is_proven = InstanceSettings.current(), None
    if message.kind == MessageKind.SIGN_IN and message.verification is not None:
        policy = SignInPolicy.load(settings, message.verification.flow, message.identifier)
        message.kind, is_proven = policy.message_kind, policy.holder is not None
        if policy.withheld:
            return suppression.RESTRICTED
        if message.channel == "sms" and not policy.message_kind.has_code:
            return "nobody may sign in by code with this number"
    return suppression.reason_for(settings, message, is_proven)


@sensitive_variables("outgoing")
def _try_providers(message: Message) -> DeliveryResult:
    """Try one provider after the other until one has taken the message or may have."""
    try:
        outgoing, providers = render.render_message(message), routes.providers_of(message.channel)
    except DatabaseError as error:  # may be over soon
        return DeliveryResult(MessageStatus.PENDING, error_code=type(error).__name__)
    except Exception as error:
        return DeliveryResult(MessageStatus.FAILED, error_code=type(error).__name__)
    results = [DeliveryResult(MessageStatus.FAILED, error_code="no provider is configured")]
    for provider in providers:
        result, try_next = _try(provider, message, outgoing)
        if not try_next:
            return result
        results.append(result)
    waiting = [result for result in results if result.status == MessageStatus.PENDING]
    return (waiting or results)[-1]


class _Try(NamedTuple):
    result: DeliveryResult
    try_next: bool = False  # nothing has gone out, and another provider may take it


@sensitive_variables("outgoing")
def _try(provider: routes.Provider, message: Message, outgoing: Outgoing) -> _Try:
    name = provider.name
    try:
        backend = provider.backend()
    except Exception as error:
        return _Try(DeliveryResult(MessageStatus.FAILED, name, type(error).__name__), try_next=True)
    if backend.max_code_length and len(outgoing.code) > backend.max_code_length:
        return _Try(DeliveryResult(MessageStatus.FAILED, name, "code too long for this provider"), try_next=True)
    if not ProviderHealth.objects.admits(name):
        reason = "passed over after repeated failures"
        return _Try(DeliveryResult(MessageStatus.PENDING, name, reason), try_next=True)
    return _send(backend, name, replace(outgoing, callback_url=render.callback_url(message, backend)))


@sensitive_variables("outgoing")
def _send(backend: Backend, name: str, outgoing: Outgoing) -> _Try:
    try:
        return _Try(DeliveryResult(MessageStatus.SENT, name, provider_id=backend.send(outgoing).provider_id))
    except Refused as error:
        answer = _Try(DeliveryResult(MessageStatus.FAILED, name, error.code), try_next=error.elsewhere)
        works = True
    except Unavailable as error:
        answer = _Try(DeliveryResult(MessageStatus.PENDING, name, error.code), try_next=True)
        works = error.for_recipient
    except Unclear as error:
        answer, works = _Try(DeliveryResult(MessageStatus.UNKNOWN, name, error.code)), False
    except Exception as error:
        return _Try(DeliveryResult(MessageStatus.UNKNOWN, name, type(error).__name__))
    # Outside of `except`: a database error in there would carry the provider's as its context, text and all.
    _record_health(name, works)
    return answer


def _record_health(name: str, works: bool) -> None:
    """Tell other processes whether this provider works. What became of the message does not depend on it."""
    health = ProviderHealth.objects
    try:
        if works:
            health.record_success(name)
        else:
            health.record_failure(name)
    except DatabaseError as error:
        logger.error("the health of provider %s was not recorded: %s", name, type(error).__name__)


def _next_try(message: Message) -> datetime | None:
    """Return when to try again, or `None` where that would be one time too many or too late."""
    if message.delivery_tries > len(RETRY_WAITS):
        return None
    low, high = RETRY_WAITS[message.delivery_tries - 1]
    names = [provider.name for provider in routes.providers_of(message.channel)]
    wait = timedelta(seconds=random.uniform(low, high))  # noqa: S311 - no secret
    again = ProviderHealth.objects.first_admission(names, timezone.now()) + wait
    verification = message.verification
    return again if verification is None or again + TIME_TO_TYPE <= verification.expires_at else None


def report_outcome(message: Message) -> None:
    """Tell the provider of this message whether its code was used, once it no longer can be."""
    verification = message.verification
    if message.status not in ACCEPTED or verification is None or message.is_current:
        return
    used = verification.status in {VerificationStatus.VERIFIED, VerificationStatus.TRANSFERABLE}
    approved = used and message.generation == verification.generation
    for provider in routes.providers_of(message.channel):
        if provider.name != message.backend or not routes.wants_outcome([provider.entry]):
            continue
        try:
            provider.backend().report_outcome(message.provider_id, approved)
        except Exception as error:
            what = (message.pk, message.backend, type(error).__name__)
            logger.error("outcome of message %s was not reported to %s: %s", *what)
