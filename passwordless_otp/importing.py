"""Import what a site has verified before: the rules of `manage.py otp_import`.

1. Read the source once, and bring each value into canonical form.
2. Find twins: two active users with the same address, or two inactive ones. Nothing here can tell whose it is.
3. Save in batches, active users before inactive ones. Each batch is a transaction that reads the source again, so
   that nobody is given an address that they have changed meanwhile. What is there already is left as it is.

One million values take about 350 MB of memory.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import phonenumbers
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DataError, IntegrityError, models, router, transaction
from django.utils import timezone
from phonenumbers import NumberParseException, PhoneNumberFormat

from passwordless_otp import allauth_addresses, identifiers, numbering_plans, phone_numbers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Identifier, InstanceSettings
from passwordless_otp.models.base import retry_on_conflict

T = TypeVar("T")

PLAIN_NUMBER = re.compile(r"(?!\(?0[ ().\-/]*(?:0|11))[+0-9 ().\-/]{4,40}")  # not what may be a call abroad
BATCH = 2000  # values in one transaction


class Outcome(StrEnum):
    """What becomes of a value. The text stands in the count and in the report."""

    IMPORTED = "imported"
    PRESENT = "there already"
    INVALID = "not valid"
    TAKEN = "of another user"
    TWIN = "of several users"
    DIFFERENT = "beside another proven one"
    CHANGED = "changed meanwhile"
    NO_USER = "without a user"
    FAILED = "failed"


WHY = {
    Outcome.TAKEN: "Another user has it. Remove it there first.",
    Outcome.TWIN: "Several users have it. Decide whose it is, and change or deactivate the others.",
    Outcome.DIFFERENT: "The user has proven another one of this kind. Let them prove this one, too.",
    Outcome.CHANGED: "The user or the value has changed during the import. Run it again.",
    Outcome.NO_USER: "No user has this key.",
    Outcome.FAILED: "The database has refused it. Run it again, or add it in the admin to see why.",
}


class Row(NamedTuple):
    """A value of the source, as it is written there."""

    user: Any  # the key
    kind: Kind
    text: str
    active: bool


class Item(NamedTuple):
    """A value that can be imported: as it is written in the source, and in canonical form."""

    user: Any
    kind: Kind
    text: str
    value: str


class Skipped(NamedTuple):
    """A value that was not imported, for the report."""

    user: Any
    kind: Kind
    text: str
    outcome: Outcome
    why: str


class Source(Protocol):
    """Where values come from."""

    adds: bool  # whether a user may get a second identifier of a kind from here

    def count(self) -> int:
        """Return about how many users or lines there are, for the progress."""

    def read(self) -> Iterator[list[Row | Skipped]]:
        """Yield the values of some users or lines at a time. A user's primary one comes first."""

    def current(self, items: Sequence[Item], lock: bool) -> set[tuple[Any, str]]:
        """Return keys of users and texts that are still there, and lock their users if asked to."""


class Progress(Protocol):
    """Told how far the import is."""

    def start(self, label: str, total: int) -> None:
        """Begin a part of the work."""

    def advance(self, number: int) -> None:
        """Report that so many more are done."""


class Import:
    """One run. Without `trust` nothing is saved, and the counts say what would be."""

    def __init__(
        self, source: Source, region: str | None, trust: bool, report: Callable[[Skipped], None]
    ) -> None:
        self.source, self.region, self.trust, self.report = source, region, trust, report
        self.counts: Counter[tuple[Kind | None, Outcome]] = Counter()
        self.items: dict[bool, list[Item]] = {True: [], False: []}  # of active and of inactive users
        self.owners: dict[bool, dict[str, Any]] = {True: {}, False: {}}
        self.twins: set[str] = set()

    def run(self, progress: Progress, is_stopped: Callable[[], bool]) -> bool:
        """Return whether it came to its end. If it was stopped, run it again: what is there is left as it is."""
        progress.start("Reading", self.source.count())
        for rows in self.source.read():
            if is_stopped():
                return False
            for row in rows:
                self._skip(row) if isinstance(row, Skipped) else self._take(row)
            progress.advance(len({row.user for row in rows}))
        progress.start("Importing" if self.trust else "Comparing", sum(map(len, self.items.values())))
        for is_active, items in self.items.items():
            for batch in batches(items):
                if is_stopped():
                    return False
                self._import(batch, is_active)
                progress.advance(len(batch))
        return True

    def _skip(self, skipped: Skipped) -> None:
        self.counts[skipped.kind, skipped.outcome] += 1
        self.report(skipped)

    def _take(self, row: Row) -> None:
        """Keep the value of this row, unless it is not valid or was there before."""
        try:
            value = canonical(row.kind, row.text, self.region)
        except FormatInvalid as error:
            skipped = Skipped(row.user, row.kind, row.text, Outcome.INVALID, str(error.long_message))
            return self._skip(skipped)
        owners = self.owners[row.active]
        if value not in owners:
            owners[value] = row.user
        elif owners[value] == row.user:
            self.counts[row.kind, Outcome.PRESENT] += 1
            return None
        else:
            self.twins.add(value)
        text = value if value == row.text else row.text  # one string in memory, where it is the same
        self.items[row.active].append(Item(row.user, row.kind, text, value))
        return None

    def _import(self, batch: Sequence[Item], is_active: bool) -> None:
        """Import these together. If the database refuses them, import one after the other."""
        try:
            outcomes = self._save(batch, is_active)
        except (IntegrityError, DataError):
            if len(batch) > 1:
                for item in batch:
                    self._import([item], is_active)
                return
            outcomes = [Outcome.FAILED]
        for item, outcome in zip(batch, outcomes, strict=True):
            self.counts[item.kind, outcome] += 1
            if outcome in WHY:
                self.report(Skipped(item.user, item.kind, item.text, outcome, WHY[outcome]))

    @retry_on_conflict
    def _save(self, batch: Sequence[Item], is_active: bool) -> list[Outcome]:
        with transaction.atomic(router.db_for_write(Identifier)):
            current = self.source.current(batch, self.trust)
            held = Held(batch)
            outcomes: list[Outcome] = []
            new, now = [], timezone.now()
            for item in batch:
                is_there = (item.user, item.text) in current
                outcome = self._judge(item, held, is_active) if is_there else Outcome.CHANGED
                if outcome == Outcome.IMPORTED:
                    is_primary, (user, kind, _, value) = held.add(item), item
                    row = Identifier(kind=kind, value=value, user_id=user, primary=is_primary, verified_at=now)
                    new.append(row)
                outcomes.append(outcome)
            if self.trust:
                Identifier.objects.bulk_create(new)
        return outcomes

    def _judge(self, item: Item, held: "Held", is_active: bool) -> Outcome:
        """Return what becomes of this value."""
        owner = held.owners.get((item.kind, item.value))
        if owner is not None:
            return Outcome.PRESENT if owner == item.user else Outcome.TAKEN
        if held.verified.get(item.value, item.user) != item.user:
            return Outcome.TAKEN
        if item.value in self.twins:
            return Outcome.TWIN
        if not self.source.adds and (item.user, item.kind) in held.kinds:
            return Outcome.DIFFERENT
        if not is_active and item.value in self.owners[True]:
            return Outcome.TAKEN
        return Outcome.IMPORTED


class Held:
    """The identifiers that these users have, and whose these values are: also in django-allauth."""

    def __init__(self, items: Sequence[Item]) -> None:
        wanted = models.Q(user__in={item.user for item in items})
        rows = list(Identifier.objects.filter(wanted).values_list("user", "kind", "value", "primary"))
        for kind in {item.kind for item in items}:
            values = [item.value for item in items if item.kind == kind]
            found = Identifier.objects.filter(kind=kind, value__in=values)
            rows += found.values_list("user", "kind", "value", "primary")
        emails = [item for item in items if item.kind == Kind.EMAIL_ADDRESS]
        spelt = {item.text for item in emails} | {item.value for item in emails}
        self.verified = allauth_addresses.owners(spelt) if emails else {}
        self.owners = {(kind, value): user for user, kind, value, _ in rows}
        self.kinds = {(user, kind) for user, kind, _, _ in rows}
        self.primary = {(user, kind) for user, kind, _, primary in rows if primary}

    def add(self, item: Item) -> bool:
        """Count this one among them, and return whether it is the user's primary one."""
        is_primary = (item.user, item.kind) not in self.primary
        self.owners[item.kind, item.value] = item.user
        self.kinds.add((item.user, item.kind))
        self.primary.add((item.user, item.kind))
        return is_primary


def batches(rows: Iterable[T]) -> Iterator[list[T]]:
    """Yield lists of `BATCH` rows, the last one shorter."""
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch


def canonical(kind: Kind, text: str, region: str | None) -> str:
    """Return the value as an identifier has it. Raises `FormatInvalid`, with words for this kind."""
    if kind == Kind.EMAIL_ADDRESS:
        return identifiers.parse_email(text)
    value = _plain_number(text, region)
    if not value:
        value = identifiers.parse_phone(text, region)
        allowed = () if phone_numbers.is_mobile(value) else InstanceSettings.current().allowed_prefixes
        identifiers.require_mobile(value, allowed=allowed)
    return value


def _plain_number(text: str, region: str | None) -> str:
    """Return a valid number written in ASCII, ten times as fast as by `identifiers`; else an empty string."""
    if not text.isascii() or not PLAIN_NUMBER.fullmatch(text):
        return ""
    try:
        number = phonenumbers.parse(text, region)
        value = phonenumbers.format_number(number, PhoneNumberFormat.E164)
        read = number if value == text else phonenumbers.parse(value)
    except NumberParseException:
        return ""
    is_mobile = phonenumbers.number_type(read) in phone_numbers.MOBILE
    home = phonenumbers.region_code_for_number(read)
    is_plain = phonenumbers.is_possible_number(number) and phonenumbers.format_number(read, 0) == value
    is_plain = is_plain and numbering_plans.newest(value) == value
    return value if is_mobile and is_plain and home not in {None, "001"} else ""


# Sources


class UserFields:
    """Fields of the user model: `fields` maps a kind to the name of one."""

    adds = False

    def __init__(self, fields: dict[Kind, str]) -> None:
        for name in fields.values():
            _require_column(name)
        self.fields = fields

    def count(self) -> int:
        """Return the number of users."""
        return int(_users().count())

    def read(self) -> Iterator[list[Row | Skipped]]:
        """Yield the values of some users, in the order of their keys."""
        for found in _pages(*self.fields.values()):
            yield [
                Row(pk, kind, str(text), active)
                for pk, active, *texts in found
                for kind, text in zip(self.fields, texts, strict=True)
                if text
            ]

    def current(self, items: Sequence[Item], lock: bool) -> set[tuple[Any, str]]:
        """Return what the fields of these users hold now."""
        rows = _of(items, lock).values_list("pk", *self.fields.values())
        return {(pk, str(text)) for pk, *texts in rows for text in texts}


class AllauthAddresses:
    """The verified addresses of django-allauth."""

    adds = True

    def count(self) -> int:
        """Return the number of users."""
        return int(_users().count())

    def read(self) -> Iterator[list[Row | Skipped]]:
        """Yield the addresses of some users, in the order of their keys."""
        for found in _pages():
            active = dict(found)
            rows = self._verified(active).order_by("user", "-primary", "pk")
            yield [Row(pk, Kind.EMAIL_ADDRESS, text, active[pk]) for pk, text in rows]

    def current(self, items: Sequence[Item], lock: bool) -> set[tuple[Any, str]]:
        """Return the addresses of these users that are verified now."""
        return set(self._verified([pk for (pk,) in _of(items, lock).values_list("pk")]))

    def _verified(self, keys: Iterable[Any]) -> Any:
        return allauth_addresses.rows(user__in=list(keys), verified=True).values_list("user", "email")


class Lines:
    """The lines of a CSV file. Its header names the key of a user, and a column for each kind."""

    adds = True

    def __init__(self, path: Path, key: str, columns: dict[Kind, str]) -> None:
        self.path, self.key, self.columns = path, key, columns

    def count(self) -> int:
        """Return the number of lines."""
        with self.path.open("rb") as file:
            return sum(1 for _ in file) - 1

    def read(self) -> Iterator[list[Row | Skipped]]:
        """Yield the values of some lines, in their order."""
        with self.path.open(newline="", encoding="utf-8-sig") as file:
            for lines in batches(csv.DictReader(file)):
                known = self._known({self._key_of(line) for line in lines} - {""})
                yield [row for line in lines for row in self._values(line, known)]

    def current(self, items: Sequence[Item], lock: bool) -> set[tuple[Any, str]]:
        """Return what belongs to users that are still there."""
        there = {pk for (pk,) in _of(items, lock).values_list("pk")}
        return {(item.user, item.text) for item in items if item.user in there}

    def _known(self, keys: set[str]) -> dict[str, tuple[Any, bool]]:
        """Return key and activity of the users whose keys these are."""
        meta: Any = get_user_model()._meta
        field = meta.pk if self.key == "pk" else meta.get_field(self.key)
        wanted = []
        for key in keys:
            with suppress(ValidationError):
                value = field.to_python(key)
                if field.primary_key:
                    field.run_validators(value)  # a number may be too large for the database
                wanted.append(value)
        rows = _users().filter(**{f"{self.key}__in": wanted})
        return {str(key): (pk, active) for key, pk, active in rows.values_list(self.key, "pk", *_activity())}

    def _key_of(self, line: dict[str, Any]) -> str:
        return (line[self.key] or "").strip().replace("\0", "")

    def _values(self, line: dict[str, Any], known: dict[str, tuple[Any, bool]]) -> Iterator[Row | Skipped]:
        key = self._key_of(line)
        for kind, column in self.columns.items():
            text = (line[column] or "").strip()
            if text and key in known:
                pk, active = known[key]
                yield Row(pk, kind, text, active)
            elif text:
                yield Skipped(key, kind, text, Outcome.NO_USER, WHY[Outcome.NO_USER])


def header_of(path: Path) -> list[str]:
    """Return the names of the columns of a CSV file."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        return next(csv.reader(file), [])


def _require_column(name: str) -> None:
    """Raise `FieldDoesNotExist` unless the user model has a column of this name."""
    meta = get_user_model()._meta
    if meta.get_field(name) not in meta.concrete_fields:
        raise FieldDoesNotExist(name)


def _database() -> str:
    return router.db_for_write(get_user_model())


def _users() -> Any:
    return get_user_model()._base_manager.using(_database())


def _activity() -> list[Any]:
    """Return the column that says whether a user is active, or a constant where the model has none."""
    try:
        _require_column("is_active")
    except FieldDoesNotExist:
        return [models.Value(True, models.BooleanField())]
    return ["is_active"]


def _pages(*names: str) -> Iterator[list[Any]]:
    """Yield key, activity and these columns of all users, by the key."""
    users = _users().order_by("pk")
    rows = users
    while found := list(rows.values_list("pk", *_activity(), *names)[:BATCH]):
        yield found
        rows = users.filter(pk__gt=found[-1][0])


def _of(items: Sequence[Item], lock: bool) -> Any:
    """Return the users of these items, and lock them if asked to."""
    users = _users().filter(pk__in={item.user for item in items}).order_by("pk")
    return users.select_for_update(no_key=True) if lock else users
