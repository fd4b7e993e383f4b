"""`windows.refund`: a success refunds its own receipts, and nothing else."""

import json
from collections import Counter as Tally

import pytest

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models import Counter
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import LimitReceipt
from tests.rate_limits.buckets import HOUR, bucket, take

pytestmark = pytest.mark.django_db
BUSY, QUIET = bucket("busy"), bucket("quiet")


def test_refunded_place_can_be_consumed_again():
    receipts = [take(BUSY) for _ in range(5)]
    windows.refund(Tally(receipts[0]))
    take(BUSY)
    with pytest.raises(TooManyRequests):
        take(BUSY)


def test_refund_takes_back_its_own_receipts_only():
    mine = take(BUSY, QUIET)
    for _ in range(3):
        take(BUSY)
    windows.refund(Tally(mine))
    assert windows.totals(BUSY, QUIET) == [3, 0]


def test_receipts_of_several_steps_are_refunded_in_one_statement(django_assert_num_queries):
    mine = [*take(BUSY, QUIET), *take(BUSY)]
    take(BUSY)
    with django_assert_num_queries(1):
        windows.refund(Tally(mine))
    assert windows.totals(BUSY, QUIET) == [1, 0]


def test_refund_does_not_count_below_0():
    mine = take(BUSY)
    windows.refund(Tally([*mine, *mine, *mine]))
    windows.refund(Tally(mine))
    assert windows.totals(BUSY)[0] == 0
    assert Counter.objects.get().count == 0


def test_refund_goes_to_the_window_that_was_consumed(clock):
    mine = take(BUSY)
    clock.tick(HOUR // 2)
    take(BUSY)
    windows.refund(Tally(mine))
    assert list(Counter.objects.order_by("window").values_list("count", flat=True)) == [0, 1]
    windows.refund(Tally(mine))
    assert windows.totals(BUSY)[0] == 1


def test_refund_of_an_ended_window_makes_no_room_in_a_later_one(clock):
    mine = take(BUSY)
    clock.tick(2 * HOUR)
    for _ in range(5):
        take(BUSY)
    windows.refund(Tally(mine))
    assert windows.totals(BUSY)[0] == 5
    with pytest.raises(TooManyRequests):
        take(BUSY)


def test_refund_of_a_purged_row_makes_no_room():
    mine = take(BUSY)
    Counter.objects.all().delete()
    windows.refund(Tally(mine))
    assert windows.totals(BUSY)[0] == 0
    assert Counter.objects.get().expires_at == 0  # for the next purge


def test_receipt_can_be_refunded_after_json():
    [mine] = take(BUSY)
    windows.refund(Tally([LimitReceipt(*json.loads(json.dumps(mine)))]))
    assert windows.totals(BUSY)[0] == 0
