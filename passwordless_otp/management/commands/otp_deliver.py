"""`manage.py otp_deliver`: deliver what was left behind, once or as a loop.

It has a thread pool of its own. Messages are claimed before they are sent, so any number may run beside workers.
With django-tenants it works for all tenants, or for the one for which `tenant_command` runs it.
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from itertools import groupby
from queue import Full
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, connections, router

from passwordless_otp import tenants
from passwordless_otp.management.progress import set_by_signals
from passwordless_otp.messaging import recover, thread_pool
from passwordless_otp.models import Message

BATCH = 500  # ids in one statement
FINISH = 30.0  # seconds for what is on its way to a provider when the command is told to end
GLANCE = 0.2  # seconds between two looks at whether everything is delivered
DAY = 24 * 60 * 60


class Command(BaseCommand):
    """Ends with status 1 where the database can't be reached, and with 0 whatever the providers answered."""

    help = "Send the messages that are due, and mark those that a process has left unfinished."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add --watch and --interval."""
        parser.add_argument("--watch", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument("--interval", type=_seconds, default=5.0, help="seconds between two looks (5)")

    def handle(self, *_: Any, **options: Any) -> None:
        """Run until what is due is delivered or, with --watch, until a signal ends it."""
        stop = Event()
        with set_by_signals(stop):
            try:
                self._watch(stop, options["interval"]) if options["watch"] else self._once(stop)
            finally:
                if stop.is_set():
                    self.stdout.write("Told to end: finishing what is on its way.")
                thread_pool.close(FINISH)

    def _once(self, stop: Event) -> None:
        try:
            lost, jobs = self._begin()
            while not stop.is_set() and not thread_pool.drain(GLANCE):
                pass
            self._report(jobs, lost)
        except AnyDatabaseError as error:
            raise CommandError(f"The database can't be used: {type(error).__name__}.") from None

    def _watch(self, stop: Event, interval: float) -> None:
        self.stdout.write(f"Looking every {interval:g} seconds.")
        while not stop.is_set():
            try:
                lost, jobs = self._begin()
                stop.wait(interval)
                if jobs or lost:
                    self._report(jobs, lost)
            except AnyDatabaseError as error:
                connections.close_all()
                self.stderr.write(f"The database can't be used: {type(error).__name__}. Trying again.")
                stop.wait(interval)

    def _begin(self) -> tuple[int, list[str]]:
        """Mark what was left unfinished and submit what is due. Return how many and which, of all tenants."""
        using, lost, jobs = router.db_for_write(Message), 0, []
        for schema in tenants.schemas_to_visit(using):
            try:
                with tenants.entered(schema, using):
                    lost += recover.mark_unknown()
                    jobs += self._submit()
            except (AnyDatabaseError, LookupError) as error:  # such as a tenant whose tables are still to be made
                if not schema or isinstance(error, OperationalError):
                    raise
                self.stderr.write(f"Schema {schema!r} can't be used: {type(error).__name__}.")
        return lost, jobs

    def _submit(self) -> list[str]:
        jobs = recover.due(thread_pool.MAX_WAITING // 2)  # the rest comes next time; retries need room, too
        with suppress(Full):
            for job in jobs:
                thread_pool.submit(job)
        return jobs

    def _report(self, jobs: Sequence[str], lost: int) -> None:
        """Print how many jobs were due, and how many of their messages have which status by now."""
        using, statuses = router.db_for_write(Message), Counter[str]()
        for schema, group in groupby(jobs, lambda job: tenants.split(job)[0]):
            own = list(group)
            with tenants.entered(schema, using):
                for start in range(0, len(own), BATCH):
                    messages = Message.objects.filter(recover.messages_of(own[start : start + BATCH]))
                    statuses.update(messages.values_list("status", flat=True))
        parts = [f"{number} {status}" for status, number in sorted(statuses.items())]
        parts += [f"{lost} left unfinished by others, now unknown"] if lost else []
        self.stdout.write(f"{len(jobs)} due: {', '.join(parts) or 'nothing to do'}.")


def _seconds(text: str) -> float:
    """Return the number. Raises `ValueError` for one that is not above 0 or is longer than a day."""
    seconds = float(text)
    if not 0 < seconds <= DAY:
        raise ValueError
    return seconds
