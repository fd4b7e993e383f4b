"""What the threads of one process have to do, and when."""

import atexit
import heapq
import logging
import os
import time
from itertools import count
from queue import Full
from threading import Condition, Lock, Thread
from uuid import UUID

from django.db import connections
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone

from passwordless_otp.messaging import deliver

MAX_WAITING = 10_000  # ids that wait, about 3 MB; what comes on top stays in the table

# A message, and where the site is mounted: links need that, and only the request's thread knows it.
Job = tuple[UUID, str]


class DelayQueue:
    """A queue whose entries have a time. An entry that waits already is not taken in again."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Job]] = []
        self._known: set[Job] = set()
        self._begun = 0
        self._numbers = count()
        self._changed = Condition()

    def add(self, work: Job, seconds: float = 0.0) -> None:
        """Note this for in so many seconds. Raises `queue.Full`."""
        with self._changed:
            if work in self._known:
                return
            if len(self._known) >= MAX_WAITING:
                raise Full
            self._known.add(work)
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._numbers), work))
            self._changed.notify_all()

    def begin(self) -> Job:
        """Wait for something that is due, and take it."""
        with self._changed:
            while (seconds := self._seconds()) is None or seconds > 0:
                self._changed.wait(seconds)
            _due, _number, work = heapq.heappop(self._waiting)
            self._known.discard(work)
            self._begun += 1
            return work

    def finish(self) -> None:
        """Tell that one that was begun is done."""
        with self._changed:
            self._begun -= 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all that has not begun: it waits in the table."""
        with self._changed:
            self._waiting.clear()
            self._known.clear()
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way and nothing is due, so long at most; tell whether that is so."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def _is_idle(self) -> bool:
        seconds = self._seconds()
        return not self._begun and (seconds is None or seconds > 0)

    def _seconds(self) -> float | None:
        """Return how long until the next one is due; `None` where there is none."""
        return self._waiting[0][0] - time.monotonic() if self._waiting else None


logger = logging.getLogger("passwordless_otp.messaging")

THREADS = 8
GRACE = 5.0  # seconds that a process waits at its end; what is left then, `manage.py otp_deliver` finds


class NoThreads(RuntimeError):
    """The server runs no threads but its own: nobody would deliver."""


_queue = DelayQueue()
_threads: list[Thread] = []
_starting = Lock()


def submit(message_id: UUID) -> None:
    """Let one of the threads deliver this message. Raises `NoThreads`, or `queue.Full` where too many wait."""
    if not can_run():
        raise NoThreads
    _queue.add((message_id, get_script_prefix()))
    with _starting:
        while len(_threads) < THREADS:
            thread = Thread(target=_work, args=[_queue], name="passwordless_otp", daemon=True)
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
    return _queue.wait(seconds)


def close(seconds: float) -> bool:
    """Begin nothing more, and wait so long at most for what was begun; tell whether it is done."""
    _queue.clear()
    return _queue.wait(seconds)


def _work(queue: DelayQueue) -> None:
    while True:
        message_id, prefix = queue.begin()
        try:
            _deliver(queue, message_id, prefix)
        except BaseException as error:  # asyncio's CancelledError, too: the thread has others to deliver
            logger.error("message %s was not delivered: %s", message_id, type(error).__name__)
        finally:
            queue.finish()


def _deliver(queue: DelayQueue, message_id: UUID, prefix: str) -> None:
    set_script_prefix(prefix)
    try:
        again = deliver.deliver_message(message_id)
        if again:
            queue.add((message_id, prefix), (again - timezone.now()).total_seconds())
    finally:
        connections.close_all()


def _end() -> None:
    """Deliver what waits; then only finish, so that as little as possible is cut off in the middle."""
    drain(GRACE / 2) or close(GRACE / 2)


def _forget() -> None:
    """A forked process has none of its parent's threads, and none of what they were to do."""
    global _queue, _starting
    _queue, _starting = DelayQueue(), Lock()
    _threads.clear()


atexit.register(_end)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget)
