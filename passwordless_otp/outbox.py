"""A saved Message → a provider, and its answer → the Message."""

import logging
import math
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

from django.db import connections
from django.urls import NoReverseMatch, get_script_prefix, reverse, set_script_prefix
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import conf
from passwordless_otp.delivery import composing
from passwordless_otp.delivery.backends.base import Backend, Outgoing, Refused, Unavailable, Unclear
from passwordless_otp.models import InstanceSettings, Message
from passwordless_otp.models.flows import Status
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.models.verifications import VerificationStatus

logger = logging.getLogger("passwordless_otp.outbox")

THREADS = 8

_pool: ThreadPoolExecutor | None = None
_kept: dict[str, tuple[Any, Backend]] = {}  # channel → the setting and what was made of it


def dispatch(message: Message) -> None:
    """See to it that the message goes out. Whatever goes wrong here waits in the table, and tells nobody."""
    how = conf.get("DISPATCH")
    try:
        if how == "thread":
            _threads().submit(_deliver_in_thread, message.pk, get_script_prefix())
        elif how == "blocking":
            deliver(message.pk)
        else:
            import_string(how)(str(message.pk))
    except Exception as error:
        logger.error("message %s was not dispatched: %s", message.pk, type(error).__name__)


def deliver(message_id: UUID | str) -> None:
    """Claim the message, compose it, send it and record what came of it."""
    if not Message.objects.claim(message_id):
        return
    message = Message.objects.whole().get(pk=message_id)
    if not _current(message):
        message.record(MessageStatus.SUPPRESSED, error_code="superseded")
        return
    entry = conf.delivery(message.channel)
    try:
        backend, outgoing = _backend(message.channel, entry), _outgoing(message)
    except Exception as error:
        _failed(message, MessageStatus.FAILED, entry["BACKEND"], type(error).__name__)
        return
    try:
        receipt = backend.send(outgoing)
    except (Refused, Unavailable) as error:
        _failed(message, MessageStatus.FAILED, entry["BACKEND"], error.code)
    except Exception as error:
        reason = error.code if isinstance(error, Unclear) else type(error).__name__
        _failed(message, MessageStatus.UNKNOWN, entry["BACKEND"], reason)
    else:
        sent = {"backend": entry["BACKEND"], "provider_id": receipt.provider_id, "error_code": ""}
        message.record(MessageStatus.SENT, **sent)


def build(entry: Any) -> Backend:
    """Make the backend that this setting describes."""
    backend: Backend = import_string(entry["BACKEND"])(**entry.get("OPTIONS", {}))
    return backend


def _backend(channel: str, entry: Any) -> Backend:
    """Return the channel's backend: the same one while the setting is the same, since it may keep connections."""
    setting, backend = _kept.get(channel, (None, None))
    if backend is None or setting is not entry:
        backend = build(entry)
        _kept[channel] = entry, backend  # of two threads that come first, one makes it in vain
    return backend


def _current(message: Message) -> bool:
    """Tell whether the message's code is still the one that would be right."""
    verification = message.verification
    live = verification.state == VerificationStatus.UNVERIFIED and verification.flow.status == Status.OPEN
    return live and message.generation == verification.generation


@sensitive_variables()
def _outgoing(message: Message) -> Outgoing:
    verification = message.verification
    code = verification.code() if MessageKind(message.kind).has_code else ""
    left = int((verification.expires_at - timezone.now()).total_seconds())
    with translation.override(message.language or None):
        context = {**_context(left), "code": code}
        text = composing.compose(message.kind, message.channel, context)
    return Outgoing(
        id=message.pk.hex,
        channel=message.channel,
        to=verification.value,
        subject=text.subject,
        text=text.body,
        code=code,
        seconds_left=left,
    )


def _context(left: int) -> dict[str, object]:
    settings = InstanceSettings.current()
    origin, sign_up = conf.public_origin(), _path("sign_up")
    return {
        "app": settings.app,
        "domain": conf.public_domain(),
        "minutes": math.ceil(left / 60),
        "sign_up_url": origin + sign_up if origin and sign_up and settings.sign_up_open else "",
        "support_email": settings.support_email,
    }


def _path(name: str) -> str:
    """Return the path of one of our pages; empty where the site has only included the API."""
    try:
        return reverse(f"passwordless_otp:{name}")
    except NoReverseMatch:
        return ""


def _failed(message: Message, status: MessageStatus, backend: str, reason: str) -> None:
    # The exception itself stays out of the log: a library's may hold the text, and with it the code.
    logger.error("message %s (%s) by %s: %s, %s", message.pk, message.channel, backend, status, reason)
    message.record(status, backend=backend, error_code=reason)


def _threads() -> ThreadPoolExecutor:
    global _pool  # noqa: PLW0603
    if _pool is None:
        _pool = ThreadPoolExecutor(THREADS, thread_name_prefix="passwordless_otp")
    return _pool


def _deliver_in_thread(message_id: UUID, prefix: str) -> None:
    set_script_prefix(prefix)  # for links: where the site is mounted is known to the request's thread alone
    try:
        deliver(message_id)
    except Exception as error:
        logger.error("message %s was not delivered: %s", message_id, type(error).__name__)
    finally:
        connections.close_all()


def _after_fork() -> None:
    global _pool  # noqa: PLW0603
    _pool = None
    _kept.clear()  # two processes must not speak on one connection


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_after_fork)
