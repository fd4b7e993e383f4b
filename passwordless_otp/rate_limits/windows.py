"""How often something may happen: counters in windows of time, counted and judged in one statement.

Each limit holds for every span of its length, not only from hour to hour: a fixed window would let twice as many
through around its edge. So a window is counted in twelfths, and `consume` adds up those that its span may touch:
whoever has reached a limit waits a twelfth longer at most. A row is exact, whatever runs beside it. Across the
edge of a twelfth, PostgreSQL overlooks what is not yet committed, at worst what a fixed window would let through.

`consume` first, then do what it stands for; `refund` what turned out not to be used.
"""

import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cached_property
from operator import itemgetter

from django.db import router, transaction

from passwordless_otp import events, keys
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models.base import retry_on_conflict
from passwordless_otp.models.counters import Counter, Increase, Increased, LimitReceipt
from passwordless_otp.models.instance_settings.limits import LIMITS, LimitSettings

PARTS = 12  # of a window
MAX_COUNT = 2**31 - 1  # that a row can hold


@dataclass(frozen=True)
class Bucket:
    """At most `limit` of something, named by `scope`, per `subject` within `seconds`."""

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

    @property
    def ceiling(self) -> int:
        """The limit that is enforced."""
        return self.limit if self.refuses and not self.track_only else MAX_COUNT

    def is_overrun_by(self, total: int) -> bool:
        """Return whether the amount that made it `total` is the first that an enforced limit would refuse."""
        return self.refuses and total - self.amount <= self.limit < total

    def row(self, now: int) -> Increase:
        """Return the counter row that this bucket wants to increase now (seconds since 1970)."""
        part = max(1, self.seconds // PARTS)  # seconds that one row counts
        span = -(-self.seconds // part) * part  # of the whole parts that hold `seconds`
        window = now - now % part
        return Increase(self.key, window, window - span, self.ceiling, window + span + part, self.amount)


def bucket_for(settings: LimitSettings, name: str, *subject: str, refuses: bool = True) -> Bucket:
    """Return the bucket of this limit for this subject."""
    limit = LIMITS[name]
    return Bucket(
        name, subject, settings.numbers[name], limit.seconds, name in settings.tracked_only, refuses=refuses
    )


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
    asked = _by_key(buckets)
    if not asked:
        return Consumed({}, [])
    now = int(time.time())
    rows = {key: asked[key].row(now) for key in sorted(asked)}  # unsorted, two requests would deadlock
    since = {bucket.key: (bucket.scope, bucket.row(now).since) for bucket in read}
    increased, sums = _increase(list(rows.values()), [(key, at) for key, (_, at) in since.items()])
    receipts = {key: LimitReceipt(key, row.window) for key, row in rows.items()}
    if len(increased) < len(rows):
        refund({receipts[row.key]: rows[row.key].amount for row in increased})
        raise _refusal([asked[key] for key in asked.keys() - {row.key for row in increased}], now)
    # What earlier parts hold is the ceiling less the limit that came back.
    totals = {asked[row.key].scope: row.held + rows[row.key].limit - row.limit for row in increased}
    for bucket in asked.values():
        if bucket.track_only and bucket.is_overrun_by(totals[bucket.scope]):
            _report(bucket)
    totals |= {scope: total for (scope, _), total in zip(since.values(), sums, strict=True)}
    return Consumed(totals, [(asked[key].scope, receipt) for key, receipt in receipts.items()])


def _by_key(buckets: Iterable[Bucket]) -> dict[str, Bucket]:
    """Return the buckets by key; of two with one key, the stricter. Raises `TooManyRequests` for a closed one."""
    asked: dict[str, Bucket] = {}
    for bucket in buckets:
        if bucket.ceiling < bucket.amount:
            _report(bucket)
            raise TooManyRequests(bucket.scope, bucket.seconds)
        if bucket.key not in asked or bucket.ceiling < asked[bucket.key].ceiling:
            asked[bucket.key] = bucket
    return asked


@retry_on_conflict
def _increase(rows: list[Increase], read: list[tuple[str, int]]) -> tuple[list[Increased], list[int]]:
    """Increase the rows that have room. In a transaction, `atomic` raises, unless it is that of a `TestCase`."""
    using = router.db_for_write(Counter)
    alone = transaction.get_autocommit(using)
    with nullcontext() if alone else transaction.atomic(using, durable=True):
        return Counter.objects.consume(rows, read)


def _refusal(full: list[Bucket], now: int) -> TooManyRequests:
    """Report the bucket with the longest wait, and return its refusal."""
    wait, bucket = max(((_wait(bucket, now), bucket) for bucket in full), key=itemgetter(0))
    _report(bucket)
    return TooManyRequests(bucket.scope, wait)


def _report(bucket: Bucket) -> None:
    events.limit_reached(bucket.scope, bucket.limit, bucket.seconds, bucket.subject, not bucket.track_only)


@retry_on_conflict
def refund(amounts: Mapping[LimitReceipt, int]) -> None:
    """Count so much less where each receipt was counted. What other requests have counted there stays."""
    if amounts:
        Counter.objects.refund(sorted(amounts.items()))


def reset(bucket: Bucket) -> None:
    """Count from 0 again."""
    Counter.objects.filter(key=bucket.key).delete()


def totals(*buckets: Bucket) -> list[int]:
    """Return what each bucket holds within its `seconds`, or up to a twelfth more."""
    now = int(time.time())
    since = {bucket.key: bucket.row(now).since for bucket in buckets}
    sums = Counter.objects.totals(since) if since else {}
    return [sums.get(bucket.key, 0) for bucket in buckets]


def total_of(bucket: Bucket) -> int:
    """Return what this bucket holds within its `seconds`, or up to a twelfth more."""
    return totals(bucket)[0]


def _wait(bucket: Bucket, now: int) -> int:
    """Return the seconds until so many parts have ended to count that one more fits."""
    row = bucket.row(now)
    parts = Counter.objects.filter(key=bucket.key, window__gte=row.since).order_by("window")
    held = list(parts.values_list("count", "expires_at"))
    left = sum(number for number, _ in held)
    for number, expires_at in held:
        left -= number
        if left + bucket.amount <= bucket.limit:
            return max(1, int(expires_at) - now)
    return 1  # meanwhile something was refunded
