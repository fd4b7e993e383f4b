"""How often something may happen: counters in windows of time, consumed and refused in one statement.

Each limit holds for every span of its length, not only from hour to hour: a fixed window would let twice as many
through around its edge. So a window is counted in twelfths, and `consume` adds up those that its span may touch:
whoever has reached a limit waits a twelfth longer at most. A row is exact, whatever runs beside it. Across the
edge of a twelfth, PostgreSQL overlooks what is not yet committed, at worst what a fixed window would let through.

`consume` first, then do what it stands for; `refund` what turned out not to be used.
"""

import time
from collections import Counter as Tally
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db import router, transaction

from passwordless_otp import events, keys
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models.counters import Counter, Increase, LimitReceipt
from passwordless_otp.models.instance_settings.limits import LIMITS, LimitSettings
from passwordless_otp.models.transactions import retry_on_conflict

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

    @property
    def part(self) -> int:
        """The length of what one row counts, in seconds."""
        return max(1, self.seconds // PARTS)

    @property
    def span(self) -> int:
        """The whole parts that hold `seconds`, in seconds."""
        return -(-self.seconds // self.part) * self.part

    def window(self, now: int) -> int:
        """When the part of now began."""
        return now - now % self.part

    def since(self, now: int) -> int:
        """When the oldest part began that counts now."""
        return self.window(now) - self.span

    def expiry(self, window: int) -> int:
        """From when on the part that began at `window` counts no more."""
        return window + self.span + self.part

    def overrun(self, total: int) -> bool:
        """Return whether the amount that made it `total` is the first that an enforced limit would refuse."""
        return self.refuses and self.track_only and total - self.amount <= self.limit < total

    def increase(self, now: int) -> Increase:
        """Return the counter row that this bucket wants to increase."""
        window = self.window(now)
        return Increase(self.key, window, self.since(now), self.ceiling, self.expiry(window), self.amount)


def bucket_for(settings: LimitSettings, name: str, *subject: str, refuses: bool = True) -> Bucket:
    """Return the bucket of this limit for this subject."""
    tracked = name in settings.tracked_only
    return Bucket(name, subject, settings.limit(name), LIMITS[name].seconds, tracked, refuses=refuses)


@dataclass(frozen=True)
class Consumed:
    """What `consume` has counted: the totals that the buckets then hold, by scope, and receipts for a refund."""

    totals: dict[str, int]
    receipts: dict[Bucket, LimitReceipt]


def consume(buckets: Iterable[Bucket], read: Iterable[Bucket] = ()) -> Consumed:
    """Count the amount of each bucket, committed at once. The totals of the buckets to `read` come along.

    Raises `TooManyRequests` for a bucket that is full; then nothing stays counted. Raises `RuntimeError` inside a
    transaction of the site, which could roll back and so undo the count.
    """
    asked: dict[str, Bucket] = {}
    for bucket in buckets:
        asked[bucket.key] = min(asked.get(bucket.key, bucket), bucket, key=lambda each: each.ceiling)
    if not asked:
        return Consumed({}, {})
    try:
        consumed = _consume_committed(asked, {bucket.key: bucket for bucket in read})
    except TooManyRequests as refusal:
        _report(next(bucket for bucket in asked.values() if bucket.scope == refusal.scope))
        raise
    for bucket in asked.values():
        if bucket.overrun(consumed.totals[bucket.scope]):
            _report(bucket)
    return consumed


@retry_on_conflict
def _consume_committed(asked: dict[str, Bucket], read: dict[str, Bucket]) -> Consumed:
    closed = [bucket for bucket in asked.values() if bucket.ceiling < bucket.amount]
    if closed:
        raise TooManyRequests(closed[0].scope, closed[0].seconds)
    using = router.db_for_write(Counter)
    if transaction.get_autocommit(using):
        return _consume(asked, read)
    with transaction.atomic(
        using, durable=True
    ):  # raises in a transaction of the site; Django's TestCase may pass
        return _consume(asked, read)


def _consume(asked: dict[str, Bucket], read: dict[str, Bucket]) -> Consumed:
    now = int(time.time())
    rows = [asked[key].increase(now) for key in sorted(asked)]  # unsorted, two requests would deadlock
    increased, sums = Counter.objects.consume(rows, {key: bucket.since(now) for key, bucket in read.items()})
    receipts = {row.key: LimitReceipt(row.key, row.window) for row in rows}
    refused = asked.keys() - {row.key for row in increased}
    if refused:
        _refund([(receipts[row.key], asked[row.key].amount) for row in increased])
        wait, scope = max((_wait(asked[key], now), asked[key].scope) for key in refused)
        raise TooManyRequests(scope, wait)
    totals = {read[key].scope: total for key, total in sums.items()}
    totals |= {asked[row.key].scope: row.held + asked[row.key].ceiling - row.limit for row in increased}
    return Consumed(totals, {bucket: receipts[key] for key, bucket in asked.items()})


def _report(bucket: Bucket) -> None:
    events.limit_reached(bucket.scope, bucket.limit, bucket.seconds, bucket.subject, not bucket.track_only)


def refund(receipts: Iterable[LimitReceipt]) -> None:
    """Count one less for each receipt. What other requests have counted in the same buckets stays."""
    _refund(Tally(receipts).items())


def _refund(amounts: Iterable[tuple[LimitReceipt, int]]) -> None:
    rows = sorted(amounts)
    if rows:
        Counter.objects.refund(rows)


def reset(bucket: Bucket) -> None:
    """Count from 0 again."""
    Counter.objects.filter(key=bucket.key).delete()


def totals(*buckets: Bucket) -> list[int]:
    """Return what each bucket holds within its `seconds`, or up to a twelfth more."""
    now = int(time.time())
    since = {bucket.key: bucket.since(now) for bucket in buckets}
    sums = Counter.objects.totals(since) if since else {}
    return [sums.get(bucket.key, 0) for bucket in buckets]


def total_of(bucket: Bucket) -> int:
    """Return what this bucket holds within its `seconds`, or up to a twelfth more."""
    return totals(bucket)[0]


def _wait(bucket: Bucket, now: int) -> int:
    """Return the seconds until so many parts have ended to count that one more fits."""
    parts = Counter.objects.filter(key=bucket.key, window__gte=bucket.since(now)).order_by("window")
    held = list(parts.values_list("window", "count"))
    left = sum(number for _, number in held)
    for window, number in held:
        left -= number
        if left + bucket.amount <= bucket.limit:
            return max(1, bucket.expiry(window) - now)
    return 1  # meanwhile something was refunded
