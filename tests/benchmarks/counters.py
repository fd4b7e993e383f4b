"""Takes a second, side by side: `python -m tests.benchmarks.counters`, on SQLite or what DATABASE_URL names.

Each take counts four buckets, two of which everybody receipts: in one thread, and in eight.
"""

import os
import statistics
import time
from itertools import count
from types import SimpleNamespace

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.db import connection, transaction  # noqa: E402
from django.db.models import F  # noqa: E402

from passwordless_otp.models import (
    Counter,
    transactions,
)
from passwordless_otp.rate_limits import windows  # noqa: E402
from passwordless_otp.rate_limits.windows import PARTS, Bucket  # noqa: E402
from tests.races.threads import together  # noqa: E402

LIMIT, HOUR, TAKES, ROUNDS = 10**6, 3600, 240, 5
number = count()


def buckets():
    """Four of a request: its identifier's and its address's own, and two that everybody receipts."""
    mine = str(next(number) % 500)
    named = [("identifier", (mine,)), ("ip", (f"{mine}/64",)), ("mailboxes", ("example.com",)), ("all", ())]
    return [Bucket(scope, subject, LIMIT, HOUR) for scope, subject in named]


def one_statement():
    windows.consume(buckets())


def orm():
    """What one writes without much thought: twice the statements, and not exact under races."""

    def step():
        now = int(time.time())
        for bucket in sorted(buckets(), key=lambda each: each.key):
            defaults = {"count": 0, "limit": LIMIT, "expires_at": now + HOUR}
            row, _ = Counter.objects.get_or_create(key=bucket.key, window=now // HOUR * HOUR, defaults=defaults)
            Counter.objects.filter(pk=row.pk, count__lt=LIMIT).update(count=F("count") + 1)

    transactions.run_step(step)


def per_second(take, threads):
    """Return how many takes a second that many threads do together."""

    def some():
        for _ in range(TAKES // threads):
            take()

    began = time.perf_counter()
    together([some] * threads)
    return TAKES / (time.perf_counter() - began)


def crowd_the_window():
    """Let each bucket have been taken in every part of its window: the most that a take has to add up."""
    Counter.objects.all().delete()
    now, clock = int(time.time()), windows.time
    for part in range(PARTS, 0, -1):
        windows.time = SimpleNamespace(time=lambda at=now - part * HOUR // PARTS: at)
        for _ in range(500):
            with transaction.atomic():
                windows.consume(buckets())
    windows.time = clock


def compare(title, threads):
    rates = {take: [] for take in [one_statement, orm]}
    for _ in range(ROUNDS):
        for take, seen in rates.items():  # side by side: a busy machine slows both
            seen.append(per_second(take, threads))
    fast, slow = [statistics.median(seen) for seen in rates.values()]
    print(f"{title}: one statement {fast:.0f}, get_or_create + F()+1 {slow:.0f} takes/s, ratio {fast / slow:.2f}")


if __name__ == "__main__":
    connection.creation.create_test_db(verbosity=0)
    try:
        for title, prepare in [
            ("empty table", Counter.objects.all().delete),
            ("every part taken", crowd_the_window),
        ]:
            prepare()
            for threads in [1, 8]:
                compare(f"{connection.vendor}, {title}, {threads} threads", threads)
    finally:
        connection.creation.destroy_test_db(connection.settings_dict["NAME"], verbosity=0)
