"""Deliver in threads of this process: a delay queue of jobs, and eight threads that take from it.

A retry waits in the same queue until it is due, so it occupies no thread. The queue has an end; what does not fit
stays in the table, where `otp_deliver` finds it. The threads are daemons: at its end the process delivers what
waits for half of `GRACE`, then waits for what is on its way for the other half. A forked process has none of its
parent's threads, so it begins with an empty queue and starts its own.
"""

import atexit
import heapq
import logging
import os
import time
from itertools import count
from queue import Full
from threading import Condition, Lock, Thread
from typing import NamedTuple

from django.core import mail
from django.db import connections
from django.urls import get_script_prefix, set_script_prefix
from django.utils import timezone

from passwordless_otp.messaging import deliver
from passwordless_otp.models.messages import LONGEST_WAIT

logger = logging.getLogger("passwordless_otp.messaging")

THREADS = 8
MAX_WAITING = 10_000  # jobs, about 3 MB
GRACE = 5.0  # seconds that a process waits at its end
IN_TESTS = '. In tests, set "DISPATCH" to "blocking" in PASSWORDLESS_OTP: see docs/testing.md'


class NoThreads(RuntimeError):
    """The server runs no threads but its own, so nobody would deliver."""


class Job(NamedTuple):
    """What to deliver, and the path under which the site is mounted: only the request's thread knows that."""

    name: str  # as `run_job` takes it
    script_prefix: str


class DelayQueue:
    """Jobs, each with the time when it is due. A job that waits already is not added again."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Job]] = []
        self._known: set[Job] = set()
        self._underway = 0
        self._numbers = count()
        self._changed = Condition()

    def add(self, job: Job, seconds: float = 0.0) -> None:
        """Add a job that is due in so many seconds. Raises `queue.Full`."""
        with self._changed:
            if job in self._known:
                return
            if len(self._known) >= MAX_WAITING:
                raise Full
            self._known.add(job)
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._numbers), job))
            self._changed.notify_all()

    def take(self) -> Job:
        """Wait until a job is due and return it. `finish` has to be called for it."""
        with self._changed:
            while (seconds := self._seconds()) is None or seconds > 0:
                self._changed.wait(seconds)
            _due, _number, job = heapq.heappop(self._waiting)
            self._known.discard(job)
            self._underway += 1
            return job

    def finish(self) -> None:
        """Say that a job that was taken is done."""
        with self._changed:
            self._underway -= 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget the jobs that nobody has taken: their messages wait in the table."""
        with self._changed:
            self._waiting.clear()
            self._known.clear()
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until no job is under way or due, at most so long. Return whether that is so."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def _is_idle(self) -> bool:
        seconds = self._seconds()
        return not self._underway and (seconds is None or seconds > 0)

    def _seconds(self) -> float | None:
        """Return how long until the next job is due; `None` where none waits."""
        return self._waiting[0][0] - time.monotonic() if self._waiting else None


_queue = DelayQueue()
_threads: list[Thread] = []
_starting = Lock()


def submit(name: str) -> None:
    """Let one of the threads deliver this job. Raises `NoThreads`, or `queue.Full` where too many wait."""
    if not can_run():
        raise NoThreads
    _queue.add(Job(name, get_script_prefix()))
    with _starting:
        while len(_threads) < THREADS:
            thread = Thread(target=_work, args=[_queue], name="passwordless_otp", daemon=True)
            thread.start()
            _threads.append(thread)


def can_run() -> bool:
    """Return whether the server lets threads run: uWSGI does so only with `enable-threads`."""
    try:
        import uwsgi
    except ImportError:
        return True
    return "threads" in uwsgi.opt or uwsgi.opt.get("enable-threads") not in {None, b"false", b"0"}


def drain(seconds: float = GRACE) -> bool:
    """Wait until everything due is delivered, at most so long. Return whether it is."""
    return _queue.wait(seconds)


def close(seconds: float) -> bool:
    """Take no more jobs, and wait at most so long for those under way. Return whether they are done."""
    _queue.clear()
    return _queue.wait(seconds)


def _work(queue: DelayQueue) -> None:
    while True:
        job = queue.take()
        try:
            _deliver(queue, job)
        except BaseException as error:  # also asyncio.CancelledError: the thread has other jobs to do
            hint = IN_TESTS if hasattr(mail, "outbox") else ""  # Django's test environment has it
            logger.error("job %s was not delivered: %s%s", job.name, type(error).__name__, hint)
        finally:
            queue.finish()


def _deliver(queue: DelayQueue, job: Job) -> None:
    set_script_prefix(job.script_prefix)
    try:
        if again := deliver.run_job(job.name):
            wait = min(again - timezone.now(), LONGEST_WAIT)  # less if the clock has gone back meanwhile
            queue.add(job, wait.total_seconds())
    finally:
        connections.close_all()


def _end() -> None:
    """Deliver what waits, then only finish what is under way, so that little is cut off in the middle."""
    drain(GRACE / 2) or close(GRACE / 2)


def _start_anew() -> None:
    global _queue, _starting
    _queue, _starting = DelayQueue(), Lock()
    _threads.clear()


atexit.register(_end)
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_start_anew)
