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

# Rows are written in the order of VALUES. Whoever waited for a row is judged by what it then holds.
CONSUME = """
WITH asked ("key", "window", "since", "limit", "expires_at", "amount") AS (VALUES {rows}),
allowed AS MATERIALIZED (
    SELECT "key", "window", "amount", "expires_at", "limit" - COALESCE((
        SELECT SUM(before."count") FROM "passwordless_otp_counter" AS before
        WHERE before."key" = asked."key" AND before."window" >= asked."since"
        AND before."window" <> asked."window"
    ), 0) AS "limit" FROM asked
)
INSERT INTO "passwordless_otp_counter" AS counter ("key", "window", "count", "limit", "expires_at")
SELECT "key", "window", "amount", "limit", "expires_at" FROM allowed WHERE "limit" >= "amount"
ON CONFLICT ("key", "window") DO UPDATE
SET "count" = counter."count" + excluded."count", "limit" = excluded."limit"
WHERE counter."count" <= excluded."limit" - excluded."count"
RETURNING "key", "count", "limit"{totals}
"""
TOTAL = (
    """, COALESCE((SELECT SUM("count") FROM "passwordless_otp_counter" WHERE "key" = %s AND "window" >= %s), 0)"""
)
# An upsert, for its order: an UPDATE locks rows as it finds them. A row that was purged comes back empty. The
# amount to refund stands in the column "limit" of the row that is not inserted.
REFUND = """
INSERT INTO "passwordless_otp_counter" AS counter ("key", "window", "count", "limit", "expires_at") VALUES {rows}
ON CONFLICT ("key", "window") DO UPDATE SET "count" =
CASE WHEN counter."count" > excluded."limit" THEN counter."count" - excluded."limit" ELSE 0 END
"""
# PostgreSQL need not wait for the disk here: whatever the step commits next waits for all that came before it.
UNSYNCED = "set_config('synchronous_commit', 'off', true)"
TOTALS = """
SELECT "key", SUM("count") FROM "passwordless_otp_counter" WHERE {rows} GROUP BY "key"
"""


class LimitReceipt(NamedTuple):
    """Where one unit was counted: two plain values, kept until it may be refunded."""

    key: str
    window: int


class Row(NamedTuple):
    """A row to increase by `amount`, unless it and those from `since` on would then exceed `limit`.

    Times are seconds since 1970.
    """

    key: str
    window: int
    since: int
    limit: int
    expires_at: int
    amount: int


@dataclass(frozen=True)
class Bucket:
    """At most `limit` per `subject` within `seconds`. `scope` is the name of the limit, such as `ip_flows`."""

    scope: str
    subject: tuple[str, ...]
    limit: int
    seconds: int
    track_only: bool = False  # the operator wants to know, and nothing to happen
    amount: int = 1  # that one `consume` counts
    refuses: bool = True  # else something other than a refusal comes of it

    @cached_property
    def key(self) -> str:
        """The key of its rows. It reveals nothing of the subject."""
        return keys.digest("counter", self.scope, str(self.seconds), *self.subject)

    def is_overrun_by(self, total: int) -> bool:
        """Return whether the amount that made it `total` is the first that an enforced limit would refuse."""
        return self.refuses and total - self.amount <= self.limit < total

    def row(self, now: int) -> Row:
        """Return the row that this bucket wants to increase now (seconds since 1970)."""
        part = max(1, self.seconds // PARTS)  # seconds that one row counts
        span = -(-self.seconds // part) * part  # of the whole parts that hold `seconds`
        window = now - now % part
        limit = self.limit if self.refuses and not self.track_only else MAX_COUNT
        return Row(self.key, window, window - span, limit, window + span + part, self.amount)


def bucket_for(settings: LimitSettings, name: str, *subject: str, refuses: bool = True) -> Bucket:
    """Return the bucket of this limit for this subject."""
    number, seconds = settings.numbers[name], LIMITS[name].seconds
    return Bucket(name, subject, number, seconds, name in settings.tracked_only, refuses=refuses)


@dataclass(frozen=True)
class Consumed:
    """What `consume` has counted: the totals that the buckets then hold, by scope, and receipts for a refund."""

    totals: dict[str, int]
    receipts: list[tuple[str, LimitReceipt]]  # scope, receipt


def consume(buckets: Iterable[Bucket], read: Iterable[Bucket] = ()) -> Consumed:
    """Count the amount of each bucket, committed at once. The totals of the buckets to `read` come along.

    Raises `TooManyRequests` for a bucket that is full; then nothing stays counted. Raises `RuntimeError` inside a
    transaction of the site, which could roll back and so undo the count.
    """
    now = int(time.time())
    by_key: dict[str, tuple[Bucket, Row]] = {}
    for bucket in buckets:
        row = bucket.row(now)
        if row.limit < row.amount:  # it never has room: its limit is 0, or one SMS costs more than the budget
            _report(bucket)
            raise TooManyRequests(bucket.scope, bucket.seconds)
        if row.key not in by_key or row.limit < by_key[row.key][1].limit:  # of two with one key, the stricter
            by_key[row.key] = bucket, row
    if not by_key:
        return Consumed({}, [])
    asked = [by_key[key] for key in sorted(by_key)]  # unsorted, two requests would deadlock
    rows, others = [row for _, row in asked], list(read)
    increased, sums = _increase(rows, [(other.key, other.row(now).since) for other in others])
    if len(increased) < len(rows):
        refund({LimitReceipt(row.key, row.window): row.amount for row in rows if row.key in increased})
        raise _refusal([bucket for bucket, row in asked if row.key not in increased], now)
    totals = {bucket.scope: increased[row.key] for bucket, row in asked}
    for bucket, _row in asked:
        if bucket.track_only and bucket.is_overrun_by(totals[bucket.scope]):
            _report(bucket)
    totals |= {other.scope: total for other, total in zip(others, sums, strict=True)}
    return Consumed(totals, [(bucket.scope, LimitReceipt(row.key, row.window)) for bucket, row in asked])


@retry_on_conflict
def _increase(rows: Sequence[Row], read: Sequence[tuple[str, int]]) -> tuple[dict[str, int], list[int]]:
    """Increase each row that has room, in one statement; return what its windows then hold, by key.

    `rows` are sorted by key, each once. `read` has other keys, each with the window from which on it is added up;
    their totals are returned too, as they are before this statement. In a transaction, `atomic` raises, unless it
    is that of a `TestCase`. Amounts are written into the statement, so that it has few parameters: psycopg does
    not cache statements with more than 50.
    """
    values = ", ".join([f"(%s, %s, %s, %s, %s, {int(row.amount)})" for row in rows])
    parameters = [value for row in rows for value in row[:-1]] + [value for pair in read for value in pair]
    using = router.db_for_write(Counter)
    alone = transaction.get_autocommit(using)
    unsynced = f", {UNSYNCED}" if alone and connections[using].vendor == "postgresql" else ""
    statement = CONSUME.format(rows=values, totals=TOTAL * len(read)) + unsynced
    block = nullcontext() if alone else transaction.atomic(using, durable=True)
    with block, connections[using].cursor() as cursor:
        cursor.execute(statement, parameters)
        found = cursor.fetchall()
    asked = {row.key: row.limit for row in rows}
    # What earlier windows hold is the limit that was asked for less the one that came back.
    held = {key: count + asked[key] - limit for key, count, limit, *_ in found}
    sums = found[0][3 : 3 + len(read)] if found else [0] * len(read)
    return held, [int(total) for total in sums]


def _refusal(full: list[Bucket], now: int) -> TooManyRequests:
    """Report the bucket with the longest wait, and return its refusal."""
    wait, bucket = max(((_wait(bucket, now), bucket) for bucket in full), key=itemgetter(0))
    _report(bucket)
    return TooManyRequests(bucket.scope, wait)


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


def reset(bucket: Bucket) -> None:
    """Count from 0 again."""
    Counter.objects.filter(key=bucket.key).delete()


def totals(*buckets: Bucket) -> list[int]:
    """Return what each bucket holds within its `seconds`, or up to a twelfth more."""
    if not buckets:
        return []
    now = int(time.time())
    since = {bucket.key: bucket.row(now).since for bucket in buckets}
    rows = " OR ".join(['("key" = %s AND "window" >= %s)'] * len(since))
    with connections[router.db_for_write(Counter)].cursor() as cursor:
        cursor.execute(TOTALS.format(rows=rows), [value for pair in since.items() for value in pair])
        sums = dict(cursor.fetchall())
    return [int(sums.get(bucket.key, 0)) for bucket in buckets]


def _wait(bucket: Bucket, now: int) -> int:
    """Return the seconds until enough windows no longer count for the bucket's amount to fit again."""
    row = bucket.row(now)
    parts = Counter.objects.filter(key=bucket.key, window__gte=row.since).order_by("window")
    held = list(parts.values_list("count", "expires_at"))
    left = sum(number for number, _ in held)
    for number, expires_at in held:
        left -= number
        if left + bucket.amount <= bucket.limit:
            return max(1, int(expires_at) - now)
    return 1  # meanwhile something was refunded
