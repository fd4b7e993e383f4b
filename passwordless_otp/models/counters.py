"""Counter: how often something happened in a window. Whom it is about, only the keyed digest knows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.db import connections, models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.base import PrimaryManager


class Increase(NamedTuple):
    """So many more in `window`, unless it and what began at `since` or later would exceed `limit`.

    Times since 1970.
    """

    key: str
    window: int
    since: int
    limit: int
    amount: int
    expires_at: int


class Increased(NamedTuple):
    """A row after a take: how many it holds, and how many it may hold beside the windows before it."""

    key: str
    held: int
    limit: int


class LimitReceipt(NamedTuple):
    """What one take has counted in one row: two plain values, to be kept until it may be given back."""

    key: str
    window: int


# Rows are written in the order of VALUES. Whoever waited for a row is judged by what it then holds.
CONSUME = """
WITH asked ("key", "window", "since", "limit", "amount", "expires_at") AS (VALUES {rows}),
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
RETURNING "key", "count", "limit"
"""
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
    """The statements."""

    def consume(self, asked: Sequence[Increase]) -> list[Increased]:
        """Count the amount in each row that allows it and return those. `asked` is sorted by key, each once."""
        with connections[self.db].cursor() as cursor:
            rows = ", ".join(["(%s, %s, %s, %s, %s, %s)"] * len(asked))
            cursor.execute(CONSUME.format(rows=rows), [value for row in asked for value in row])
            return [Increased(*row) for row in cursor.fetchall()]

    def refund(self, receipts: Sequence[tuple[LimitReceipt, int]]) -> None:
        """Count each share that many times less, never below 0. `receipts` is sorted, each once."""
        with connections[self.db].cursor() as cursor:
            rows = ", ".join(["(%s, %s, 0, %s, 0)"] * len(receipts))
            values = [value for (key, window), times in receipts for value in (key, window, times)]
            cursor.execute(REFUND.format(rows=rows), values)

    def totals(self, since: Mapping[str, int]) -> dict[str, int]:
        """Return how many each key holds in windows that began then or later."""
        with connections[self.db].cursor() as cursor:
            rows = " OR ".join(['("key" = %s AND "window" >= %s)'] * len(since))
            cursor.execute(TOTALS.format(rows=rows), [value for pair in since.items() for value in pair])
            return {key: int(held) for key, held in cursor.fetchall()}


class Counter(models.Model):
    """One key in one window. Written by `limits` alone."""

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
