"""`manage.py otp_deliver`: send what was left behind, once or as a loop."""

import signal
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Full
from threading import Event, current_thread, main_thread
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError
from django.db import connections

from passwordless_otp.messaging import recover, thread_pool
from passwordless_otp.models import Message

BATCH = 500  # ids in one statement
FINISH = 30.0  # seconds, for what is on its way to a provider when the command is told to end
GLANCE = 0.2  # seconds between two looks at whether it is


class Command(BaseCommand):
    """Ends with 1 where the database can't be reached, and with 0 whatever the providers answered."""

    help = "Send the messages that are due, and mark those that a process has left unfinished."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add ours."""
        parser.add_argument("--watch", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument("--interval", type=_seconds, default=5.0, help="seconds between two looks (5)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Look once, or again and again."""
        stop = Event()
        with _told_by_signals(stop):
            try:
                self._watch(stop, options["interval"]) if options["watch"] else self._once(stop)
            finally:
                if stop.is_set():
                    self.stdout.write("Told to end: finishing what is on its way.")
                thread_pool.close(FINISH)

    def _once(self, stop: Event) -> None:
        try:
            lost, found = recover.mark_unknown(), self._submit()
            while not stop.is_set() and not thread_pool.drain(GLANCE):
                pass
            self._report(found, lost)
        except AnyDatabaseError as error:
            raise CommandError(f"The database can't be used: {type(error).__name__}.") from None

    def _watch(self, stop: Event, interval: float) -> None:
        self.stdout.write(f"Looking every {interval:g} seconds.")
        while not stop.is_set():
            try:
                lost, found = recover.mark_unknown(), self._submit()
                stop.wait(interval)
                if found or lost:
                    self._report(found, lost)
            except AnyDatabaseError as error:
                connections.close_all()
                self.stderr.write(f"The database can't be used: {type(error).__name__}. Trying again.")
                stop.wait(interval)

    def _submit(self) -> list[UUID]:
        found = recover.due(thread_pool.MAX_WAITING // 2)  # the rest comes next time; retries want room, too
        with suppress(Full):
            for message_id in found:
                thread_pool.submit(message_id)
        return found

    def _report(self, found: list[UUID], lost: int) -> None:
        """Print how many have which status by now."""
        statuses: Counter[str] = Counter()
        for start in range(0, len(found), BATCH):
            known = Message.objects.filter(pk__in=found[start : start + BATCH])
            statuses.update(known.values_list("status", flat=True))
        parts = [f"{number} {status}" for status, number in sorted(statuses.items())]
        parts += [f"{lost} left unfinished by others, now unknown"] if lost else []
        self.stdout.write(f"{len(found)} due: {', '.join(parts) or 'nothing to do'}.")


@contextmanager
def _told_by_signals(stop: Event) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C set `stop`. Only the main thread may say so."""
    numbers = [signal.SIGTERM, signal.SIGINT] if current_thread() is main_thread() else []
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _seconds(text: str) -> float:
    """Read a time. Raises `ValueError`, also for one without an end."""
    seconds = float(text)
    if not 0 < seconds <= 24 * 60 * 60:
        raise ValueError
    return seconds
