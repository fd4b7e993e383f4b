"""`manage.py otp_import`: make identifiers of email addresses and phone numbers that the site has verified."""

import csv
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.core.management.base import BaseCommand, CommandError
from django.db import Error as AnyDatabaseError

from passwordless_otp import conf, email_field, importing
from passwordless_otp.errors import ServiceUnavailable
from passwordless_otp.identifiers import Kind
from passwordless_otp.importing import Outcome
from passwordless_otp.management import report
from passwordless_otp.management.progress import Progress, set_by_signals

COLUMNS = {
    Kind.EMAIL_ADDRESS: ["email_address", "email"],
    Kind.PHONE_NUMBER: ["phone_number", "phone"],
}
REPORTED = ["user", "kind", "value", "outcome", "reason"]  # the fields of `Skipped`
TRUST = (
    "Nothing was saved, since an identifier counts as proven: whoever receives messages there can sign in. "
    "If your site has verified them, run it again with --trust."
)


class Command(BaseCommand):
    """Ends with status 1 where something failed or the import was stopped. What was skipped is no failure."""

    help = (
        "Let users sign in by code with the email addresses and phone numbers that your site has verified. "
        "Without --trust nothing is saved."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the source and its fields, --trust, --dry-run and --report."""
        parser.add_argument("--from", dest="source", choices=list(SOURCES), required=True)
        parser.add_argument(
            "--file", type=Path, help="a CSV file with columns for pk or username, and for values"
        )
        parser.add_argument("--email-field", help="the field or column with email addresses")
        parser.add_argument("--phone-field", help="the field or column with phone numbers")
        parser.add_argument("--region", help="the country of numbers without a country code, such as US")
        parser.add_argument("--trust", action="store_true", help="the site has verified them: save identifiers")
        parser.add_argument("--dry-run", action="store_true", help="save nothing, also with --trust")
        parser.add_argument("--report", type=Path, help="a CSV file to write: what was skipped, and why")

    def handle(self, *_: Any, **options: Any) -> None:
        """Import, or only count what would be imported."""
        source = SOURCES[options["source"]](options)
        region = options["region"] or conf.default_region()
        trust = options["trust"] and not options["dry_run"]
        stop, progress = Event(), Progress(self.stdout)
        with set_by_signals(stop), report.opened(options["report"], REPORTED) as write:
            run = importing.Import(source, region, trust, write)
            try:
                is_done = run.run(progress, stop.is_set)
            except (AnyDatabaseError, ServiceUnavailable, UnicodeDecodeError, csv.Error) as error:
                self._summarize(run, progress)
                raise CommandError(f"Ended by {type(error).__name__}. Run the same command again.") from None
        self._summarize(run, progress)
        if not is_done:
            raise CommandError("Stopped. Run the same command again: it goes on with what is not there yet.")
        if not options["trust"]:
            self.stdout.write(TRUST)
        failed = sum(number for (_, outcome), number in run.counts.items() if outcome == Outcome.FAILED)
        if failed:
            raise CommandError(f"{failed:,} failed.")

    def _summarize(self, run: importing.Import, progress: Progress) -> None:
        """Print a line for each kind, with the number of values for each outcome."""
        progress.close()
        if not run.counts:
            self.stdout.write("There is nothing to import.")
        for kind in [kind for kind in Kind if any(counted == kind for counted, _ in run.counts)]:
            numbers = {outcome: run.counts[kind, outcome] for outcome in Outcome if run.counts[kind, outcome]}
            names = {} if run.trust else {Outcome.IMPORTED: "would be imported"}
            parts = [f"{number:,} {names.get(outcome, outcome)}" for outcome, number in numbers.items()]
            self.stdout.write(f"{kind.label.capitalize()}: {', '.join(parts)}.")


def _user_fields(options: dict[str, Any]) -> importing.Source:
    given = {Kind.EMAIL_ADDRESS: options["email_field"], Kind.PHONE_NUMBER: options["phone_field"]}
    fields = {kind: name for kind, name in given.items() if name}
    field = email_field.find()
    if not fields and field is None:
        raise CommandError("The user model has no email field. Name one with --email-field or --phone-field.")
    try:
        return importing.UserFields(fields or {Kind.EMAIL_ADDRESS: field.name})
    except FieldDoesNotExist as error:
        raise CommandError(f"{error}. Name a column of the user model.") from None


def _allauth(options: dict[str, Any]) -> importing.Source:
    if not apps.is_installed("allauth.account"):
        raise CommandError("allauth.account is not in INSTALLED_APPS.")
    return importing.AllauthAddresses()


def _csv_file(options: dict[str, Any]) -> importing.Source:
    path = options["file"]
    if path is None:
        raise CommandError("Name the file with --file.")
    try:
        header = importing.header_of(path)
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} can't be read as UTF-8: {type(error).__name__}.") from None
    keys = [name for name in ["pk", get_user_model().USERNAME_FIELD] if name in header]
    named = {Kind.EMAIL_ADDRESS: options["email_field"], Kind.PHONE_NUMBER: options["phone_field"]}
    offered = {kind: [name] if name else COLUMNS[kind] for kind, name in named.items()}
    columns = {kind: name for kind, names in offered.items() for name in names[::-1] if name in header}
    columns = {kind: name for kind, name in columns.items() if name != (keys or [""])[0]}
    lacking = [name for name in named.values() if name and name not in header]
    if not keys or not columns or lacking:
        wanted = f"pk or {get_user_model().USERNAME_FIELD}, and email_address, phone_number or what you name"
        raise CommandError(f"The header of {path} has {', '.join(header)}. It needs {wanted}.")
    return importing.Lines(path, keys[0], columns)


SOURCES: dict[str, Callable[[dict[str, Any]], importing.Source]] = {
    "users": _user_fields,
    "allauth": _allauth,
    "csv": _csv_file,
}
