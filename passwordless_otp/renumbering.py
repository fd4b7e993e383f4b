"""Move stored phone numbers to a new numbering plan: the rules of `manage.py otp_renumber`.

1. Read the numbers that the change concerns, in batches, in the order of their keys.
2. Each batch is a transaction that locks the users. A number whose new form is stored already, for whomever, is
   reported and stays as it is: nothing here can tell which of two users is the right one.
3. What was moved is not concerned any more, so a run that was stopped is simply run again.

Nobody is notified: the phone and its owner are the same as before.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from django.db import DataError, IntegrityError, models

from passwordless_otp import identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Identifier, base
from passwordless_otp.models.base import retry_on_conflict

BATCH = 2000  # identifiers in one transaction


class Outcome(StrEnum):
    """What becomes of a number. The text stands in the count and in the report."""

    MOVED = "moved"
    OF_ANOTHER = "new form of another user"
    OF_THE_SAME = "new form of the same user"
    UNREADABLE = "not a number afterwards"
    CHANGED = "changed meanwhile"
    FAILED = "failed"


WHY = {
    Outcome.OF_ANOTHER: "Another user has the new form. Decide whose it is, and remove it from the other one.",
    Outcome.OF_THE_SAME: "The user has the new form, too. Remove the old one in the admin.",
    Outcome.UNREADABLE: "The app reads the new form as another number, or as none. Check the change.",
    Outcome.CHANGED: "The identifier has changed or gone during the run. Run it again.",
    Outcome.FAILED: "The database has refused it. Run it again, or change it in the admin to see why.",
}


class Kept(NamedTuple):
    """A number that was not moved, for the report."""

    user: Any  # the key
    value: str
    new: str
    outcome: Outcome


class Progress(Protocol):
    """Told how far the run is."""

    def start(self, label: str, total: int) -> None:
        """Begin a part of the work."""

    def advance(self, number: int) -> None:
        """Report that so many more are done."""


class Renumbering:
    """One run. `change` maps a number (E.164) to its new form, or to itself; with `save` it is stored.

    Only numbers that begin with `prefix` are read.
    """

    def __init__(
        self, prefix: str, change: Callable[[str], str], save: bool, report: Callable[[Kept], None]
    ) -> None:
        self.prefix, self.change, self.save, self.report = prefix, change, save, report
        self.counts: Counter[Outcome] = Counter()

    def run(self, progress: Progress, is_stopped: Callable[[], bool]) -> bool:
        """Return whether it came to its end. If it was stopped, run it again."""
        numbers = Identifier.objects.filter(kind=Kind.PHONE_NUMBER, value__startswith=self.prefix).order_by("pk")
        numbers = numbers.select_related("user")
        progress.start("Moving" if self.save else "Comparing", numbers.count())
        for found in self._pages(numbers):
            if is_stopped():
                return False
            self._move([row for row in found if self.change(row.value) != row.value])
            progress.advance(len(found))
        return True

    def _pages(self, numbers: models.QuerySet[Identifier]) -> Iterator[list[Identifier]]:
        """Yield the identifiers by their keys, which stay as they are when a value changes."""
        rows = numbers
        while found := list(rows[:BATCH]):
            yield found
            rows = numbers.filter(pk__gt=found[-1].pk)

    def _move(self, rows: Sequence[Identifier]) -> None:
        """Move these together. If the database refuses them, move one after the other."""
        if not rows:
            return
        try:
            outcomes = self._store(rows)
        except (IntegrityError, DataError):
            if len(rows) > 1:
                for row in rows:
                    self._move([row])
                return
            outcomes = [Outcome.FAILED]
        for row, outcome in zip(rows, outcomes, strict=True):
            self.counts[outcome] += 1
            if outcome in WHY:
                self.report(Kept(row.user_id, row.value, self.change(row.value), outcome))

    @retry_on_conflict
    def _store(self, rows: Sequence[Identifier]) -> list[Outcome]:
        """Save the new forms of those that nobody has. Without `save`, only say which these are."""
        people = {row.user_id: row.user for row in rows}.values()
        with Identifier.objects.changing(*people) if self.save else nullcontext():
            current = {row.pk: row.value for row in Identifier.objects.filter(pk__in=[row.pk for row in rows])}
            wanted = [self.change(row.value) for row in rows]
            held = Identifier.objects.filter(kind=Kind.PHONE_NUMBER, value__in=wanted)
            owners = dict(held.values_list("value", "user"))
            outcomes: list[Outcome] = []
            for row in rows:
                outcomes.append(self._judge(row, current, owners))
                if outcomes[-1] == Outcome.MOVED:
                    owners[self.change(row.value)] = row.user_id
            for row, outcome in zip(rows, outcomes, strict=True):
                if self.save and outcome == Outcome.MOVED:
                    base.update(Identifier, {"value": self.change(row.value)}, "id = %s", id=row.pk)
        return outcomes

    def _judge(self, row: Identifier, current: Mapping[int, str], owners: Mapping[str, Any]) -> Outcome:
        """Return what becomes of this number."""
        new = self.change(row.value)
        if current.get(row.pk) != row.value:
            return Outcome.CHANGED
        if new in owners:
            return Outcome.OF_THE_SAME if owners[new] == row.user_id else Outcome.OF_ANOTHER
        return Outcome.MOVED if _reads_as_itself(new) else Outcome.UNREADABLE


def _reads_as_itself(value: str) -> bool:
    """Return whether whoever types this number is found by it."""
    try:
        return identifiers.parse_phone(value, None) == value
    except FormatInvalid:
        return False
