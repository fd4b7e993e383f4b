"""How often something may happen: counters in windows of time, counted and judged in one statement.

Each limit holds for every span of its length, not only from hour to hour: that would let twice as many through
around the full hour. So a row counts a twelfth of that length, its window, and `consume` adds up the windows
that the span may touch: whoever has reached a limit waits a twelfth longer at most. A row is exact, whatever runs
beside it. Across the edge of a window, PostgreSQL overlooks what is not yet committed, at worst what a count
from hour to hour would let through.

`consume` first, then do what it stands for; `refund` what turned out not to be used.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter
from typing import NamedTuple

from django.db import connections, router, transaction

from passwordless_otp import events, keys
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models import Counter
from passwordless_otp.models.base import retry_on_conflict
from passwordless_otp.models.instance_settings.limits import LIMITS, LimitSettings

PARTS = 12  # windows in the length of a limit, each a row
MAX_COUNT = 2**31 - 1  # that a row can hold

# Rows are written in the order of their keys. Whoever waited for a row is judged by what it then holds. What was
# counted under an older SECRET_KEY, which is a fallback now, is added up too.
CONSUME = """
WITH asked ("key", "window", "span", "part", "limit", "amount"{older}) AS (VALUES {rows}),
allowed AS MATERIALIZED (
    SELECT "key", "window", "amount", "window" + "span" + "part" AS "expires_at", "limit" - COALESCE((
        SELECT SUM(before."count") FROM "passwordless_otp_counter" AS before
        WHERE before."key" IN (asked."key"{older_asked}) AND before."window" >= asked."window" - asked."span"
        AND (before."window" <> asked."window" OR before."key" <> asked."key")
    ), 0) AS "limit" FROM asked
)
INSERT INTO "passwordless_otp_counter" AS counter ("key", "window", "count", "limit", "expires_at")
SELECT "key", "window", "amount", "limit", "expires_at" FROM allowed WHERE "limit" >= "amount" ORDER BY "key"
ON CONFLICT ("key", "window") DO UPDATE
SET "count" = counter."count" + excluded."count", "limit" = excluded."limit"
WHERE counter."count" <= excluded."limit" - excluded."count"
RETURNING "key", "count", "limit"{totals}
"""
TOTAL = """
COALESCE((SELECT SUM("count") FROM "passwordless_otp_counter" WHERE "key" IN ({keys}) AND "window" >= %s), 0)
"""
# An upsert, for its order: an UPDATE locks rows as it finds them. A row that was purged comes back empty. The
# amount to refund stands in the column "limit" of the row that is not inserted.
REFUND = """
INSERT INTO "passwordless_otp_counter" AS counter ("key", "window", "count", "limit", "expires_at") VALUES {rows}
ON CONFLICT ("key", "window") DO UPDATE SET "count" =
CASE WHEN counter."count" > excluded."limit" THEN counter."count" - excluded."limit" ELSE 0 END
"""
# PostgreSQL need not wait for the disk here: whatever the step commits next waits for all that came before it.
UNSYNCED = "set_config('synchronous_commit', 'off', true)"


class LimitReceipt(NamedTuple):
    """Where one unit was counted: two plain values, kept until it may be refunded."""

    key: str
    window: int


class Row(NamedTuple):
    """A row to increase by `amount`, unless it and those of the `span` before it would then exceed `limit`.

    `window` is in seconds since 1970, `span` and `part` are seconds.
    """

    window: int
    span: int
    part: int
    limit: int
    amount: int

    @property
    def since(self) -> int:
        """The first window that is added up."""
        return self.window - self.span


@dataclass(frozen=True)
class Bucket:
    """At most `limit` per `subject` within `seconds`. `scope` is the name of the limit, such as `ip_flows`.

    With a `source` it is what one source may take of the bucket of the same scope and subject.
    """

    scope: str
    subject: tuple[str, ...]
    limit: int
    seconds: int
    track_only: bool = False  # the operator wants to know, and nothing to happen
    amount: int = 1  # that one `consume` counts
    refuses: bool = True  # else something other than a refusal comes of it
    source: str = ""  # a network, or a digest of one

    @cached_property
    def keys(self) -> list[str]:
        """The keys of its rows, the one that is written first; under older SECRET_KEYs follow.

        They reveal nothing of the subject.
        """
        whose = (*self.subject, "source", self.source) if self.source else self.subject
        return keys.digests("counter", self.scope, str(self.seconds), *whose)

    def is_overrun_by(self, total: int) -> bool:
        """Return whether the amount that made it `total` is the first that an enforced limit would refuse."""
        return self.refuses and total - self.amount <= self.limit < total

    def row(self, now: int) -> Row:
        """Return the row that this bucket wants to increase now (seconds since 1970)."""
        part = max(1, self.seconds // PARTS)  # seconds that one row counts
        span = -(-self.seconds // part) * part  # of the whole parts that hold `seconds`
        limit = self.limit if self.refuses and not self.track_only else MAX_COUNT
        return Row(now - now % part, span, part, limit, self.amount)


def bucket_for(settings: LimitSettings, name: str, *subject: str, refuses: bool = True) -> Bucket:
    """Return the bucket of this limit for this subject."""
    number, seconds = settings.numbers[name], LIMITS[name].seconds
    return Bucket(name, subject, number, seconds, name in settings.tracked_only, refuses=refuses)


@dataclass(frozen=True)
class Consumed:
    """What `consume` has counted: totals of the buckets by scope, receipts for a refund, and scopes now full."""

    totals: dict[str, int]
    receipts: list[tuple[str, LimitReceipt]]  # scope, receipt
    full: frozenset[str] = frozenset()  # the next amount is refused, be it for this source only


def consume(buckets: Iterable[Bucket], read: Sequence[Bucket] = ()) -> Consumed:
    """Count the amount of each bucket, committed at once. The totals of the buckets to `read` come along.

    Raises `TooManyRequests` for a bucket that is full; then nothing stays counted. Raises `RuntimeError` inside a
    transaction of the site, which could roll back and so undo the count.
    """
    now = int(time.time())
    asked: dict[str, tuple[Bucket, Row]] = {}
    for bucket in buckets:
        row, key = bucket.row(now), bucket.keys[0]
        if row.limit < row.amount:  # it never has room: its limit is 0, or one SMS costs more than the budget
            _report(bucket)
            raise TooManyRequests(bucket.scope, bucket.seconds, of_source=bool(bucket.source))
        if key not in asked or row.limit < asked[key][1].limit:  # of two with one key, the stricter
            asked[key] = bucket, row
    if not asked:
        return Consumed({}, [])
    held, sums = _increase(list(asked.values()), [(other.keys, other.row(now).since) for other in read])
    if len(held) < len(asked):
        refund({LimitReceipt(key, row.window): row.amount for key, (_, row) in asked.items() if key in held})
        raise _refusal([bucket for key, (bucket, _) in asked.items() if key not in held], now)
    for bucket in [bucket for bucket, _ in asked.values() if bucket.track_only]:
        if bucket.is_overrun_by(held[bucket.keys[0]]):
            _report(bucket)
    totals = {other.scope: total for other, total in zip(read, sums, strict=True)}
    totals |= {bucket.scope: held[key] for key, (bucket, _) in asked.items() if not bucket.source}
    full = [bucket.scope for key, (bucket, row) in asked.items() if held[key] + row.amount > row.limit]
    receipts = [(bucket.scope, LimitReceipt(key, row.window)) for key, (bucket, row) in asked.items()]
    return Consumed(totals, receipts, frozenset(full))


@retry_on_conflict
def _increase(
    asked: Sequence[tuple[Bucket, Row]], read: Sequence[tuple[list[str], int]]
) -> tuple[dict[str, int], list[int]]:
    """Increase each row that has room, in one statement; return what its windows then hold, by key.

    `read` has other keys, with the window from which on they are added up; their totals are returned too, as they
    are before this statement. In a transaction, `atomic` raises, unless it is that of a `TestCase`. What is the
    same for every visitor is written into the statement: it has few parameters and few forms, so that psycopg
    prepares it.
    """
    older = len(asked[0][0].keys) - 1
    constants = ["%s, CAST(%s AS bigint), {}, {}, {}, {}".format(*map(int, row[1:])) for _, row in asked]
    rows = ", ".join([f"({each}{', %s' * older})" for each in constants])
    names = [f'"older{number}"' for number in range(older)]
    parameters: list[str | int] = []
    for bucket, row in asked:
        parameters += [bucket.keys[0], row.window, *bucket.keys[1:]]
    totals = []
    for bucket_keys, since in read:
        totals.append(", " + TOTAL.format(keys=", ".join(["%s"] * len(bucket_keys))))
        parameters += [*bucket_keys, since]
    using = router.db_for_write(Counter)
    alone = transaction.get_autocommit(using)
    unsynced = f", {UNSYNCED}" if alone and connections[using].vendor == "postgresql" else ""
    statement = CONSUME.format(
        rows=rows,
        older="".join([f", {name}" for name in names]),
        older_asked="".join([f", asked.{name}" for name in names]),
        totals="".join(totals) + unsynced,
    )
    block = nullcontext() if alone else transaction.atomic(using, durable=True)
    with block, connections[using].cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    limits = {bucket.keys[0]: row.limit for bucket, row in asked}
    # What earlier windows hold is the limit that was asked for less the one that came back.
    held = {key: int(count + limits[key] - limit) for key, count, limit, *_ in found}
    sums = found[0][3 : 3 + len(read)] if found else [0] * len(read)
    return held, [int(total) for total in sums]


def is_first(seconds: int, *subject: str) -> bool:
    """Count an alert about this subject; return whether it is the first one within these seconds."""
    return consume([Bucket("alert", subject, MAX_COUNT, seconds)]).totals["alert"] == 1


def _refusal(full: list[Bucket], now: int) -> TooManyRequests:
    """Report the bucket with the longest wait, and return its refusal."""
    wait, bucket = max(((_wait(bucket, now), bucket) for bucket in full), key=itemgetter(0))
    _report(bucket)
    return TooManyRequests(bucket.scope, wait, of_source=bool(bucket.source))


def _report(bucket: Bucket) -> None:
    events.limit_reached(bucket.scope, bucket.limit, bucket.seconds, bucket.subject, not bucket.track_only)


@retry_on_conflict
def refund(amounts: Mapping[LimitReceipt, int]) -> None:
    """Count so much less where each receipt was counted, never below 0. What other requests counted stays."""
    if not amounts:
        return
    rows = ", ".join(["(%s, %s, 0, %s, 0)"] * len(amounts))
    values = [value for (key, window), amount in sorted(amounts.items()) for value in (key, window, amount)]
    using = router.db_for_write(Counter)
    alone = transaction.get_autocommit(using) and connections[using].vendor == "postgresql"
    with connections[using].cursor() as cursor:
        cursor.execute(REFUND.format(rows=rows) + (f" RETURNING {UNSYNCED}" if alone else ""), values)


def totals(*buckets: Bucket) -> list[int]:
    """Return what each bucket holds within its `seconds`, or up to a twelfth more."""
    if not buckets:
        return []
    now = int(time.time())
    sums = [TOTAL.format(keys=", ".join(["%s"] * len(bucket.keys))) for bucket in buckets]
    values: list[str | int] = []
    for bucket in buckets:
        values += [*bucket.keys, bucket.row(now).since]
    with connections[router.db_for_write(Counter)].cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(sums)}", values)
        return [int(total) for total in cursor.fetchone()]


def _wait(bucket: Bucket, now: int) -> int:
    """Return the seconds until enough windows no longer count for the bucket's amount to fit again."""
    row = bucket.row(now)
    parts = Counter.objects.filter(key__in=bucket.keys, window__gte=row.since).order_by("window")
    held = list(parts.values_list("count", "expires_at"))
    left = sum(number for number, _ in held)
    for number, expires_at in held:
        left -= number
        if left + bucket.amount <= bucket.limit:
            return max(1, int(expires_at) - now)
    return 1  # meanwhile something was refunded
