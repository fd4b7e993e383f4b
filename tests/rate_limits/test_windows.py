"""When what was taken ends to count."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models import Counter
from passwordless_otp.rate_limits import windows
from tests.rate_limits.buckets import HOUR, PART, bucket, take

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("after", [0, 1, PART - 1, PART, HOUR - 1, HOUR])
def test_around_the_edge_of_an_hour_no_more_go_through_than_in_it(clock, after):
    clock.tick(-1)
    for _ in range(5):
        take(bucket())
    clock.tick(after)
    with pytest.raises(TooManyRequests):
        take(bucket())


@pytest.mark.parametrize("offset", [0, 1, PART // 2, PART - 1])
def test_the_wait_that_is_named_is_the_wait_that_it_takes(clock, offset):
    clock.tick(offset)
    for _ in range(5):
        take(bucket())
    clock.tick(7)
    with pytest.raises(TooManyRequests) as refusal:
        take(bucket())
    assert HOUR - 7 < refusal.value.retry_after <= HOUR + PART
    clock.tick(refusal.value.retry_after - 1)
    with pytest.raises(TooManyRequests) as refusal:
        take(bucket())
    assert refusal.value.retry_after == 1
    clock.tick(1)
    take(bucket())


def test_who_comes_now_and_then_waits_only_for_the_oldest(clock):
    for _ in range(5):
        take(bucket())
        clock.tick(600)
    with pytest.raises(TooManyRequests) as refusal:
        take(bucket())
    assert refusal.value.retry_after == HOUR + PART - 5 * 600
    clock.tick(refusal.value.retry_after)
    take(bucket())
    with pytest.raises(TooManyRequests):
        take(bucket())


def test_a_lowered_limit_waits_until_enough_of_them_have_ended_to_count(clock):
    for _ in range(3):
        take(bucket())
        clock.tick(PART)
    with pytest.raises(TooManyRequests) as refusal:
        take(bucket(limit=2))
    assert refusal.value.retry_after == HOUR + PART - 2 * PART


@given(
    seconds=st.sampled_from([1, 7, 11, 12, 50, 600]),
    limit=st.integers(1, 4),
    pauses=st.lists(st.integers(0, 120), min_size=1, max_size=25),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_in_no_span_of_its_length_more_go_through_than_the_limit(seconds, limit, pauses):
    clock, through, waits, part = _Clock(), [], [0], max(1, seconds // 12)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "time", clock)
        subject = bucket(f"{id(clock)} {pauses}", limit=limit, seconds=seconds)
        for pause in pauses:
            clock.now += pause
            try:
                take(subject)
            except TooManyRequests as refusal:
                waits.append(refusal.retry_after)
                clock.now += refusal.retry_after
                take(subject)
            through.append(clock.now)
        assert sum(clock.now - at < seconds for at in through) <= windows.totals(subject)[0] <= limit
    assert max(waits) <= seconds + 2 * part
    for at in through:
        assert sum(at <= other < at + seconds for other in through) <= limit


class _Clock:
    now = 1_800_000_000

    def time(self):
        return self.now


def test_a_row_expires_when_it_ends_to_count(clock):
    take(bucket())
    [expiry] = Counter.objects.values_list("expires_at", flat=True)
    clock.tick(expiry - clock.now - 1)
    assert windows.totals(bucket())[0] == 1
    clock.tick(1)
    assert windows.totals(bucket())[0] == 0


def test_a_worker_whose_clock_is_behind_sees_what_the_others_have_counted(clock):
    for _ in range(5):
        take(bucket())
    clock.tick(-PART)
    with pytest.raises(TooManyRequests):
        take(bucket())


def test_a_limit_of_a_few_seconds_is_counted_by_the_second(clock):
    few = bucket(limit=1, seconds=5)
    take(few)
    clock.tick(5)
    with pytest.raises(TooManyRequests) as refusal:
        take(few)
    assert refusal.value.retry_after == 1
    clock.tick(1)
    take(few)
