"""`manage.py otp_purge`: delete what is no longer needed of flows, messages and counters.

With django-tenants it works for all tenants, or for the one for which `tenant_command` runs it.
"""

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Callable
from functools import partial
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError
from django.db import OperationalError, router
from django.utils import timezone

from passwordless_otp import purging, tenants
from passwordless_otp.errors import ServiceUnavailable
from passwordless_otp.management.progress import Progress, set_by_signals
from passwordless_otp.models import Flow
from passwordless_otp.models.base import diagnose


class Command(BaseCommand):
    """Ends with status 1 where something failed or it was stopped. What a request was using is no failure."""

    help = "Delete flows, messages, counters and unlock grants whose time is over. Run it once a day."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the option to count only."""
        parser.add_argument("--dry-run", action="store_true", help="count what would be deleted; change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Purge, or only count what would be purged."""
        counts, failed, stop = Counter[tuple[str, str]](), list[str](), Event()
        progress = Progress(self.stdout) if options["verbosity"] else None
        try:
            with set_by_signals(stop):
                _visit(partial(_purge, counts, progress, stop, options["dry_run"]), failed)
        except (AnyDatabaseError, ServiceUnavailable) as error:
            _, cause = diagnose(error)
            failed.append(f"Ended by {cause}. Run the same command again: it goes on from there.")
        if progress:
            progress.close()
            self._summarize(counts, options["dry_run"])
        if stop.is_set():
            failed.append("Stopped. Run the same command again: it goes on from there.")
        if failed:
            raise CommandError("\n".join(failed))

    def _summarize(self, counts: Counter[tuple[str, str]], is_dry_run: bool) -> None:
        """Print a line for each kind of rows."""
        would_be = "would be " if is_dry_run else ""
        for (label, outcome), number in counts.items():
            self.stdout.write(f"{label.capitalize()}: {number:,} {would_be}{outcome}.")
        if is_dry_run:
            self.stdout.write("Nothing was changed. What goes with a flow is not counted apart.")


def _visit(purge: Callable[[], None], failed: list[str]) -> None:
    """Purge each schema. Those that can't be used are added to `failed`."""
    using = router.db_for_write(Flow)
    for schema in tenants.schemas_to_visit(using):
        try:
            with tenants.entered(schema, using):
                purge()
        except (AnyDatabaseError, LookupError) as error:  # such as a tenant whose tables are still to be made
            if not schema or isinstance(error, OperationalError):
                raise
            failed.append(f"Schema {schema!r} can't be used: {type(error).__name__}.")


def _purge(counts: Counter[tuple[str, str]], progress: Progress | None, stop: Event, is_dry_run: bool) -> None:
    """Purge one schema until it is done or told to stop."""
    for part in purging.parts(timezone.now()):
        if stop.is_set():
            return
        key = part.label, part.outcome
        counts[key] += 0
        total = part.rows.count() if is_dry_run or progress else 0
        if is_dry_run:
            counts[key] += total
            continue
        if progress:
            progress.start(part.label.capitalize(), total)
        for number in purging.purge(part):
            counts[key] += number
            if progress:
                progress.advance(number)
            if stop.is_set():
                return
