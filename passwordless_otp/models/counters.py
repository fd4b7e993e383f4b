"""Counter: how often something happened in a window of time. Its key is a keyed digest, so it names nobody."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import connections, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.base import PrimaryManager


class Increase(NamedTuple):
    """A row to increase by `amount`, unless `window` and those from `since` on would then exceed `limit`.

    Times are seconds since 1970.
    """

    key: str
    window: int
    since: int
    limit: int
    expires_at: int
    amount: int


class Increased(NamedTuple):
    """A row that was increased: how much it holds, and how much it may hold beside the windows before it."""

    key: str
    held: int
    limit: int


class LimitReceipt(NamedTuple):
    """Where one unit was counted: two plain values, kept until it may be refunded."""

    key: str
    window: int


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
# An upsert, for its order: an UPDATE locks rows as it finds them. A row that was purged comes back empty.
REFUND = """
INSERT INTO "passwordless_otp_counter" AS counter ("key", "window", "count", "limit", "expires_at") VALUES {rows}
ON CONFLICT ("key", "window") DO UPDATE SET "count" =
CASE WHEN counter."count" > excluded."limit" THEN counter."count" - excluded."limit" ELSE 0 END
"""
TOTALS = """
SELECT "key", SUM("count") FROM "passwordless_otp_counter" WHERE {rows} GROUP BY "key"
"""


class CounterQuerySet(models.QuerySet["Counter"]):
    """Each method is one statement."""

    def consume(
        self, rows: Sequence[Increase], read: Sequence[tuple[str, int]]
    ) -> tuple[list[Increased], list[int]]:
        """Increase each row that allows it and return those; `rows` are sorted by key, each once.

        `read` has other keys, each with the window from which on it is added up; their totals are returned too,
        as they are before this statement. Amounts are written into the statement, so that it has few parameters:
        psycopg does not cache statements with more than 50.
        """
        values = ", ".join([f"(%s, %s, %s, %s, %s, {int(row.amount)})" for row in rows])
        statement = CONSUME.format(rows=values, totals=TOTAL * len(read))
        parameters = [value for row in rows for value in row[:-1]] + [value for pair in read for value in pair]
        with connections[self.db].cursor() as cursor:
            cursor.execute(statement, parameters)
            found = cursor.fetchall()
        sums = found[0][3:] if found else [0] * len(read)
        return [Increased(*row[:3]) for row in found], [int(total) for total in sums]

    def refund(self, receipts: Sequence[tuple[LimitReceipt, int]]) -> None:
        """Count each receipt that many times less, never below 0. `receipts` are sorted, each once."""
        rows = ", ".join(["(%s, %s, 0, %s, 0)"] * len(receipts))
        values = [value for (key, window), times in receipts for value in (key, window, times)]
        with connections[self.db].cursor() as cursor:
            cursor.execute(REFUND.format(rows=rows), values)

    def totals(self, since: Mapping[str, int]) -> dict[str, int]:
        """Return how much each key holds in windows that began then or later."""
        rows = " OR ".join(['("key" = %s AND "window" >= %s)'] * len(since))
        with connections[self.db].cursor() as cursor:
            cursor.execute(TOTALS.format(rows=rows), [value for pair in since.items() for value in pair])
            return {key: int(held) for key, held in cursor.fetchall()}


class Counter(models.Model):
    """One key in one window. Only `rate_limits.windows` writes it."""

    key = models.CharField(max_length=32)
    window = models.BigIntegerField()  # when it began, in seconds since 1970
    count = models.PositiveIntegerField()
    limit = models.PositiveIntegerField()
    expires_at = models.BigIntegerField()  # from when on it counts for nothing, in seconds since 1970

    objects = PrimaryManager.from_queryset(CounterQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("counter")
        verbose_name_plural = _("counters")
        constraints = [
            models.UniqueConstraint(fields=["key", "window"], name="passwordless_otp_counter_unique"),
            models.CheckConstraint(condition=Q(count__lte=F("limit")), name="passwordless_otp_counter_limit"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="passwordless_otp_counter_purge")]

    def __str__(self) -> str:
        return f"{self.key} {self.window}: {self.count}"
