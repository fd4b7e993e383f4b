"""Threads of this process that deliver messages, so that no answer waits for a provider."""

import atexit
import logging
import os
from queue import Queue
from threading import Lock, Thread, Timer
from uuid import UUID

from django.db import connections
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone

from passwordless_otp.outbox import delivering

logger = logging.getLogger("passwordless_otp.outbox")

THREADS = 8
GRACE = 5.0  # seconds that a process waits at its end; what is left then, `manage.py otp_deliver` finds

Work = tuple[
    UUID, str
]  # a message, and where the site is mounted: links need that, only the request's thread knows

_queue: Queue[Work] = Queue()
_threads: list[Thread] = []
_starting = Lock()


def submit(message_id: UUID, prefix: str = "") -> None:
    """Let one of the threads deliver this message."""
    _queue.put((message_id, prefix or get_script_prefix()))
    with _starting:
        while len(_threads) < THREADS:
            thread = Thread(target=_work, args=[_queue], name="passwordless_otp", daemon=True)
            thread.start()
            _threads.append(thread)


def drain(seconds: float = GRACE) -> bool:
    """Wait until all that was submitted is done, so long at most; tell whether it is."""
    with _queue.all_tasks_done:
        return _queue.all_tasks_done.wait_for(lambda: not _queue.unfinished_tasks, seconds)


def _work(queue: Queue[Work]) -> None:
    while True:
        message_id, prefix = queue.get()
        try:
            _deliver(message_id, prefix)
        finally:
            queue.task_done()


def _deliver(message_id: UUID, prefix: str) -> None:
    set_script_prefix(prefix)
    try:
        again = delivering.deliver(message_id)
        if again:
            _later(message_id, prefix, (again - timezone.now()).total_seconds())
    except Exception as error:
        logger.error("message %s was not delivered: %s", message_id, type(error).__name__)
    finally:
        connections.close_all()


def _later(message_id: UUID, prefix: str, seconds: float) -> None:
    timer = Timer(max(0.0, seconds), submit, [message_id, prefix])
    timer.daemon = True  # a process that ends meanwhile leaves the message to the sweep
    timer.start()


def _forget() -> None:
    """A forked process has none of its parent's threads, and none of what they were to do."""
    global _queue, _starting
    _queue, _starting = Queue(), Lock()
    _threads.clear()


atexit.register(drain)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget)
