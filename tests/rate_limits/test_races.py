"""A limit of 20 is 20, whoever else takes from the same buckets at the same moment; and nobody deadlocks."""

import random
import threading
from collections import Counter as Tally
from itertools import chain

import pytest
from django.db import OperationalError, transaction
from django.db.models import F

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models import Counter
from passwordless_otp.rate_limits import windows
from tests.races.test_verdicts import wait_for_locks
from tests.races.threads import together
from tests.rate_limits.buckets import HOUR, PART, bucket, outcome, take

pytestmark = pytest.mark.django_db(transaction=True)

THREADS, LIMIT = 60, 20
ALL = bucket("all", limit=LIMIT, seconds=24 * HOUR)
GROUPS = [bucket(f"group {number}", limit=THREADS, seconds=24 * HOUR) for number in range(4)]


def attempted(*buckets):
    """Take these without a second try after a deadlock: was it counted?"""
    try:
        take(*buckets)
    except TooManyRequests:
        return False
    return True


def test_of_60_takes_in_different_orders_exactly_the_limit_goes_through():
    def some(index):
        shuffled = [ALL, *GROUPS, bucket(f"own {index}", seconds=24 * HOUR)]
        random.Random(index).shuffle(shuffled)
        return [attempted(*shuffled) for _ in range(3)]

    through = together([lambda index=index: some(index) for index in range(THREADS)])
    assert sum(chain(*through)) == LIMIT
    assert windows.totals(ALL, *GROUPS) == [LIMIT] * 5
    assert sum(windows.totals(*[bucket(f"own {index}", seconds=24 * HOUR) for index in range(THREADS)])) == LIMIT


def test_refunded_place_is_consumed_once():
    receipts = [take(ALL) for _ in range(LIMIT)]
    give = [lambda mine=mine: windows.refund(Tally(mine)) for mine in receipts[:7]]
    through = together([*give, *[lambda: attempted(ALL)] * 30])
    assert windows.totals(ALL)[0] == LIMIT - 7 + sum(map(bool, through))
    while attempted(ALL):
        pass
    assert windows.totals(ALL)[0] == LIMIT


def test_consume_and_refund_do_not_deadlock():
    def both(index):
        wide = [bucket(f"wide {number}", limit=10**6, seconds=24 * HOUR) for number in range(6)]
        random.Random(index).shuffle(wide)
        for _ in range(5):
            mine = take(*wide)
            random.Random(index).shuffle(mine)
            windows.refund(Tally(mine))

    together([lambda index=index: both(index) for index in range(20)])
    assert set(Counter.objects.values_list("count", flat=True)) == {0}


def test_negative_control_look_then_write_lets_more_than_the_limit_through():
    """What this package does not do. The barrier stands for the moment in which all of them may come along."""
    take(bucket(limit=10**6))
    Counter.objects.update(count=LIMIT - 1)
    moment = threading.Barrier(THREADS)

    def naive():
        free = Counter.objects.get().count < LIMIT
        moment.wait(30)
        return free and Counter.objects.update(count=F("count") + 1)

    assert sum(together([naive] * THREADS)) == THREADS


def cross():
    """Two takes of two buckets in opposite orders, each held up between them: which of them deadlock."""
    one, other = bucket("one"), bucket("other")
    stops = [bucket("stop 1"), bucket("stop 2")]
    for each in [one, other, *stops]:
        take(each)
    deadlocks = []

    def crossing(*buckets):
        try:
            take(*buckets)
        except OperationalError as error:
            deadlocks.append(error.__cause__.sqlstate)

    ways = [lambda: crossing(one, stops[0], other), lambda: crossing(other, stops[1], one)]
    threads = threading.Thread(target=together, args=[ways])
    with transaction.atomic():  # both wait in here, until this ends
        Counter.objects.filter(key__in=[stop.keys[0] for stop in stops]).update(count=F("count"))
        threads.start()
        wait_for_locks(2)
    threads.join(60)
    return deadlocks


@pytest.mark.postgres
def test_two_that_cross_do_not_deadlock(monkeypatch):
    monkeypatch.setattr(windows, "_increase", windows._increase.__wrapped__)
    assert cross() == []
    assert windows.totals(bucket("one"), bucket("other")) == [3, 3]


@pytest.mark.postgres
def test_negative_control_unsorted_they_deadlock(monkeypatch):
    monkeypatch.setattr(windows, "_increase", windows._increase.__wrapped__)  # which would try again
    unsorted = windows.CONSUME.replace(' ORDER BY "key"', "")
    assert unsorted != windows.CONSUME
    monkeypatch.setattr(windows, "CONSUME", unsorted)
    assert cross() == ["40P01"]


@pytest.mark.postgres
def test_across_the_edge_of_a_part_only_what_is_not_yet_committed_is_overlooked(clock):
    """The price of adding up: in that moment it is as with a fixed window, at worst. Then it is made up for."""

    def afterwards():
        [through] = together([lambda: [outcome(bucket()) for _ in range(8)]])
        return sum(through)

    with transaction.atomic():
        row = bucket().row(clock.now)  # as another request has counted 3, not committed yet
        ends = row.window + row.span + row.part
        Counter.objects.create(key=bucket().keys[0], window=row.window, count=3, limit=row.limit, expires_at=ends)
        clock.tick(PART)
        assert afterwards() == 5
    assert windows.totals(bucket())[0] == 8
    assert afterwards() == 0
    clock.tick(HOUR)
    assert windows.totals(bucket())[0] == 5
    assert afterwards() == 0
