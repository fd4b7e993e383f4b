"""`manage.py otp_renumber`: move phone numbers after a country has changed its numbering plan."""

import re
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from passwordless_otp.errors import ServiceUnavailable
from passwordless_otp.management import report
from passwordless_otp.management.progress import Progress, set_by_signals
from passwordless_otp.numbering_plans import PLANS
from passwordless_otp.phone_numbers import LONGEST, SHORTEST
from passwordless_otp.renumbering import WHY, Outcome, Renumbering

REPORTED = ["user", "value", "new value", "outcome", "reason"]
PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")


class Command(BaseCommand):
    """Ends with status 1 where something failed or the run was stopped. A clash of two users is no failure."""

    help = "Move stored phone numbers to their new form after a country has changed its numbering plan."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the change, --dry-run and --report."""
        parser.add_argument("--plan", choices=sorted(PLANS), help="the country whose known change to apply")
        parser.add_argument("--from", dest="old", help="the beginning of old numbers, such as +22507")
        parser.add_argument("--to", dest="new", help="what they begin with now, such as +2250707")
        parser.add_argument("--length", type=int, help="the digits of an old number, with the country code")
        parser.add_argument("--dry-run", action="store_true", help="save nothing, and count what would be moved")
        parser.add_argument("--report", type=Path, help="a CSV file to write: what was not moved, and why")

    def handle(self, *_: Any, **options: Any) -> None:
        """Move numbers, or only count which would be."""
        prefix, change = _change(options)
        stop, progress = Event(), Progress(self.stdout)
        with set_by_signals(stop), report.opened(options["report"], REPORTED) as write:
            run = Renumbering(
                prefix, change, not options["dry_run"], lambda kept: write([*kept, WHY[kept.outcome]])
            )
            try:
                is_done = run.run(progress, stop.is_set)
            except (AnyDatabaseError, ServiceUnavailable) as error:
                self._summarize(run, progress)
                raise CommandError(f"Ended by {type(error).__name__}. Run the same command again.") from None
        self._summarize(run, progress)
        if not is_done:
            raise CommandError("Stopped. Run the same command again: it goes on with what is not moved yet.")
        failed = sum(run.counts[outcome] for outcome in [Outcome.FAILED, Outcome.UNREADABLE])
        if failed:
            raise CommandError(f"{failed:,} failed. --report lists them with the reasons.")

    def _summarize(self, run: Renumbering, progress: Progress) -> None:
        """Print the number of identifiers for each outcome."""
        progress.close()
        names = {} if run.save else {Outcome.MOVED: "would be moved"}
        parts = [f"{run.counts[each]:,} {names.get(each, each)}" for each in Outcome if run.counts[each]]
        self.stdout.write(f"Phone numbers: {', '.join(parts)}." if parts else "There is no number to move.")


def _change(options: dict[str, Any]) -> tuple[str, Callable[[str], str]]:
    """Return the beginning of the numbers to read, and what maps one to its new form."""
    old, new, length = options["old"], options["new"], options["length"]
    if options["plan"]:
        if old or new or length:
            raise CommandError("Give either --plan, or --from, --to and --length.")
        plan = PLANS[options["plan"]]
        return plan.calling_code, plan.apply
    if not (old and new and length):
        raise CommandError("Give --plan, or --from, --to and --length.")
    if not PREFIX.fullmatch(old) or not PREFIX.fullmatch(new) or old == new:
        raise CommandError("--from and --to are two different beginnings of numbers, with + and a country code.")
    shortest, longest = sorted([length, length + len(new) - len(old)])
    if shortest < SHORTEST or longest > LONGEST:
        raise CommandError(f"Old and new numbers have {SHORTEST} to {LONGEST} digits. Check --length.")
    digits = length + 1
    return old, lambda value: new + value.removeprefix(old) if len(value) == digits else value
