"""How often something may happen: `take` counts and refuses in one statement, whatever else runs beside it.

Each limit holds for every span of its length, not only from hour to hour: a fixed window would let twice as many
through around its edge. So a window is counted in twelfths and a take adds up those that its span may touch: who
has reached a limit waits a twelfth longer at most. A row is exact; across the edge of a twelfth, PostgreSQL
overlooks takes that are not yet committed, at worst as many as a fixed window lets through.
"""

import time
from collections import Counter as Tally
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.db import connections, router, transaction

from passwordless_otp import events, keys
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models.counters import Counter, Increase, LimitReceipt
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
    amount: int = 1  # that one take counts for
    refuses: bool = True  # else something other than a refusal comes of it

    @cached_property
    def key(self) -> str:
        """What its rows are found by. It tells nothing of the subject."""
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
        """Tell whether the take that made it `total` is the first to be refused, were this enforced."""
        return self.refuses and self.track_only and total - self.amount <= self.limit < total

    def asked(self, now: int) -> Increase:
        """Its amount more."""
        window = self.window(now)
        return Increase(self.key, window, self.since(now), self.ceiling, self.amount, self.expiry(window))


def bucket_for(settings: LimitSettings, name: str, *subject: str, refuses: bool = True) -> Bucket:
    """Return the bucket of this limit for this subject."""
    tracked = name in settings.tracked_only
    return Bucket(name, subject, settings.limit(name), LIMITS[name].seconds, tracked, refuses=refuses)


class Consumed(NamedTuple):
    """What came of one bucket: what to give back for it, and how many it holds now, this one among them."""

    scope: str
    share: LimitReceipt
    total: int


def consume(*buckets: Bucket) -> list[Consumed]:
    """Count one more in each bucket, or raise `TooManyRequests` and let the transaction leave nothing behind.

    "One" is the bucket's amount. Call it last, once in a transaction: a row that everybody receipts is then held
    only until the commit.
    """
    if not connections[router.db_for_write(Counter)].in_atomic_block:
        raise RuntimeError("limits.take needs a transaction: without, a refusal leaves the other buckets counted")
    now = int(time.time())
    asked: dict[str, Bucket] = {}
    for bucket in buckets:
        if bucket.ceiling < bucket.amount:
            raise _refusal(bucket.scope, bucket.seconds)
        asked[bucket.key] = min(asked.get(bucket.key, bucket), bucket, key=lambda each: each.ceiling)
    if not asked:
        return []
    rows = [asked[key].asked(now) for key in sorted(asked)]  # two takes in different orders would deadlock
    taken = Counter.objects.consume(rows)
    refused = asked.keys() - {row.key for row in taken}
    if refused:
        wait, scope = max((_wait(asked[key], now), asked[key].scope) for key in refused)
        raise _refusal(scope, wait)
    windows = {row.key: row.window for row in rows}
    outcome = []
    for key, held, limit in taken:
        bucket, total = asked[key], held + asked[key].ceiling - limit
        outcome.append(Consumed(bucket.scope, LimitReceipt(key, windows[key]), total))
    return outcome


def report_reached(bucket: Bucket) -> None:
    """Report that more was asked for than this limit allows. Call it outside of any transaction."""
    events.limit_reached(bucket.scope, bucket.limit, bucket.seconds, bucket.subject, not bucket.track_only)


def refund(*receipts: LimitReceipt) -> None:
    """Undo what `take` returned as these, each once: other takes of the same buckets stay counted."""
    if receipts:
        Counter.objects.refund(sorted(Tally(receipts).items()))


def reset(bucket: Bucket) -> None:
    """Begin to count from 0."""
    Counter.objects.filter(key=bucket.key).delete()


def totals(*buckets: Bucket) -> list[int]:
    """Return how often each has been taken within its `seconds`, or up to a twelfth more."""
    now = int(time.time())
    since = {bucket.key: bucket.since(now) for bucket in buckets}
    sums = Counter.objects.totals(since) if since else {}
    return [sums.get(bucket.key, 0) for bucket in buckets]


def total_of(bucket: Bucket) -> int:
    """Return how often this has been taken within its `seconds`, or up to a twelfth more."""
    return totals(bucket)[0]


def _refusal(scope: str, wait: int) -> TooManyRequests:
    transaction.set_rollback(True, router.db_for_write(Counter))  # even where somebody catches it
    return TooManyRequests(scope, wait)


def _wait(bucket: Bucket, now: int) -> int:
    """Return the seconds until so many parts have ended to count that one more fits."""
    parts = Counter.objects.filter(key=bucket.key, window__gte=bucket.since(now)).order_by("window")
    held = list(parts.values_list("window", "count"))
    left = sum(number for _, number in held)
    for window, number in held:
        left -= number
        if left + bucket.amount <= bucket.limit:
            return max(1, bucket.expiry(window) - now)
    return 1  # meanwhile something was given back
