"""Threads of this process that deliver messages, so that no answer waits for a provider."""

import atexit
import logging
import os
from threading import Lock, Thread
from uuid import UUID

from django.db import connections
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone

from passwordless_otp.outbox import delivering
from passwordless_otp.outbox.agenda import Agenda

logger = logging.getLogger("passwordless_otp.outbox")

THREADS = 8
GRACE = 5.0  # seconds that a process waits at its end; what is left then, `manage.py otp_deliver` finds


class NoThreads(RuntimeError):
    """The server runs no threads but its own: nobody would deliver."""


_agenda = Agenda()
_threads: list[Thread] = []
_starting = Lock()


def submit(message_id: UUID) -> None:
    """Let one of the threads deliver this message. Raises `NoThreads`, or `queue.Full` where too many wait."""
    if not can_run():
        raise NoThreads
    _agenda.add((message_id, get_script_prefix()))
    with _starting:
        while len(_threads) < THREADS:
            thread = Thread(target=_work, args=[_agenda], name="passwordless_otp", daemon=True)
            thread.start()
            _threads.append(thread)


def can_run() -> bool:
    """Tell whether threads run here: under uWSGI they have to be asked for."""
    try:
        import uwsgi
    except ImportError:
        return True
    return "threads" in uwsgi.opt or uwsgi.opt.get("enable-threads") not in {None, b"false", b"0"}


def drain(seconds: float = GRACE) -> bool:
    """Wait until all that is due is done, so long at most; tell whether it is."""
    return _agenda.wait(seconds)


def close(seconds: float) -> bool:
    """Begin nothing more, and wait so long at most for what was begun; tell whether it is done."""
    _agenda.clear()
    return _agenda.wait(seconds)


def _work(agenda: Agenda) -> None:
    while True:
        message_id, prefix = agenda.begin()
        try:
            _deliver(agenda, message_id, prefix)
        except BaseException as error:  # asyncio's CancelledError, too: the thread has others to deliver
            logger.error("message %s was not delivered: %s", message_id, type(error).__name__)
        finally:
            agenda.finish()


def _deliver(agenda: Agenda, message_id: UUID, prefix: str) -> None:
    set_script_prefix(prefix)
    try:
        again = delivering.deliver(message_id)
        if again:
            agenda.add((message_id, prefix), (again - timezone.now()).total_seconds())
    finally:
        connections.close_all()


def _end() -> None:
    """Deliver what waits; then only finish, so that as little as possible is cut off in the middle."""
    drain(GRACE / 2) or close(GRACE / 2)


def _forget() -> None:
    """A forked process has none of its parent's threads, and none of what they were to do."""
    global _agenda, _starting
    _agenda, _starting = Agenda(), Lock()
    _threads.clear()


atexit.register(_end)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget)
