"""What a take counts, what it refuses, and what it leaves behind."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.backends.base.operations import BaseDatabaseOperations

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models import Counter
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Bucket, Consumed
from tests.rate_limits.buckets import HOUR, PART, bucket, take

pytestmark = pytest.mark.django_db


def test_a_bucket_takes_as_many_as_its_limit_says_and_no_more():
    for _ in range(5):
        take(bucket())
    with pytest.raises(TooManyRequests) as refusal:
        take(bucket())
    assert refusal.value.scope == "messages per identifier"
    assert windows.totals(bucket())[0] == 5


def test_a_refused_bucket_leaves_nothing_behind_in_the_others():
    full, others = bucket("full", limit=1), [bucket("a"), bucket("b")]
    take(full)
    with pytest.raises(TooManyRequests):
        take(others[0], full, others[1])
    assert windows.totals(full, *others) == [1, 0, 0]
    assert Counter.objects.filter(count__gt=0).count() == 1


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_0_refuses_before_anything_is_asked(limit, django_assert_num_queries):
    with django_assert_num_queries(0), pytest.raises(TooManyRequests) as refusal:
        windows.consume([bucket(), bucket("closed", limit=limit)])
    assert refusal.value.retry_after == HOUR


def test_nothing_to_take_asks_nothing(django_assert_num_queries):
    with django_assert_num_queries(0):
        assert windows.consume([]) == Consumed({}, [])
        windows.refund({})
        assert windows.totals() == []


def test_all_buckets_of_a_request_take_one_statement_and_no_transaction(
    transactional_db, django_assert_num_queries
):
    others = [bucket("a"), bucket("b")]
    take(*others)
    with django_assert_num_queries(1):
        consumed = windows.consume([bucket(str(number)) for number in range(8)], read=[*others, bucket("c")])
    assert len(consumed.receipts) == 8


def test_totals_of_other_buckets_come_along():
    first, second, none = (Bucket(name, ("ann",), 5, HOUR) for name in ["first", "second", "none"])
    take(first)
    take(first, second)
    assert windows.consume([bucket()], read=[first, second, none]).totals == {
        "messages per identifier": 1,
        "first": 2,
        "second": 1,
        "none": 0,
    }


def test_refused_amount_of_others_is_refunded_whole():
    full, budget = bucket("full", limit=1), bucket("budget", limit=1000, amount=300)
    take(full)
    with pytest.raises(TooManyRequests):
        take(budget, full)
    assert windows.totals(budget)[0] == 0


def test_a_bucket_named_twice_counts_once_under_the_lower_limit():
    for first, second in [(1, 5), (5, 1)]:
        subject = str(first)
        take(bucket(subject, limit=first), bucket(subject, limit=second))
        assert windows.totals(bucket(subject))[0] == 1
        with pytest.raises(TooManyRequests):
            take(bucket(subject, limit=first), bucket(subject, limit=second))


def test_a_limit_that_only_tracks_is_counted_but_not_enforced(clock):
    tracked = bucket(limit=2, track_only=True)
    for _ in range(5):
        take(tracked)
        clock.tick(PART)
    assert windows.totals(tracked)[0] == 5


def test_a_limit_that_is_enforced_again_looks_at_what_was_tracked():
    for _ in range(5):
        take(bucket(track_only=True))
    with pytest.raises(TooManyRequests):
        take(bucket())
    take(bucket(limit=6))
    with pytest.raises(TooManyRequests):
        take(bucket(limit=6))


def test_a_limit_changed_by_the_operator_holds_at_once():
    for _ in range(3):
        take(bucket(limit=3))
    take(bucket(limit=4))
    with pytest.raises(TooManyRequests):
        take(bucket(limit=2))


def test_the_longest_wait_names_the_limit_that_was_reached(clock):
    hour, day = bucket(limit=1), Bucket("messages a day", ("ann@example.com",), 1, 24 * HOUR)
    take(hour, day)
    with pytest.raises(TooManyRequests) as refusal:
        take(hour, day)
    assert refusal.value.scope == "messages a day"
    assert refusal.value.retry_after == 26 * HOUR


def test_scope_subject_and_length_of_the_window_make_the_key_however_they_are_cut():
    buckets = [
        Bucket("ab", ("c",), 1, 60),
        Bucket("a", ("bc",), 1, 60),
        Bucket("a", ("b", "c"), 1, 60),
        Bucket("a", ("b", "c", ""), 1, 60),
        Bucket("a", ("b", "c"), 1, 61),
        Bucket("a", (), 1, 60),
    ]
    take(*buckets)
    assert windows.totals(*buckets) == [1] * len(buckets)
    assert Counter.objects.count() == len(buckets)


def test_no_row_tells_whom_it_counts(settings):
    take(bucket("ann@example.com"))
    [row] = Counter.objects.values()
    assert "ann" not in str(row)
    assert "messages" not in str(row)
    settings.SECRET_KEY = "another"
    assert windows.totals(bucket("ann@example.com"))[0] == 0


def test_nothing_is_consumed_in_a_transaction_of_the_site(transactional_db):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        windows.consume([bucket()])
    assert not Counter.objects.exists()


def test_no_row_can_hold_more_than_its_limit():
    take(bucket(limit=1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Counter.objects.update(count=2)


def test_a_take_looks_its_rows_up_by_their_index():
    take(bucket())
    with connection.execute_wrapper(explain):
        windows.consume([bucket()])
    assert "passwordless_otp_counter_unique" in Plan.text or "sqlite_autoindex" in Plan.text
    assert "SCAN before" not in Plan.text
    assert "Seq Scan on passwordless_otp_counter" not in Plan.text


class Plan:
    text = ""


def explain(execute, sql, params, many, context):
    with connection.connection.cursor() if connection.vendor == "postgresql" else connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # the table is too small for an index to help
        prefix = "EXPLAIN " if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN "
        if "WITH asked" in sql and not sql.startswith("EXPLAIN"):
            cursor.execute(prefix + sql, params)
            Plan.text = "\n".join(str(row) for row in cursor.fetchall())
    return execute(sql, params, many, context)


def test_a_take_tells_how_many_its_bucket_holds_with_the_parts_before(clock):
    kinds = [{}, {"track_only": True}, {"refuses": False}]
    totals = []
    for _ in range(4):
        totals.append(
            [*(windows.consume([bucket(str(each), **each)]).totals["messages per identifier"] for each in kinds)]
        )
        clock.tick(PART)
    assert totals == [[number] * 3 for number in [1, 2, 3, 4]]


def test_what_is_never_refused_counts_as_far_as_every_database_can():
    assert BaseDatabaseOperations.integer_field_ranges["PositiveIntegerField"][1] == windows.MAX_COUNT


def test_refusal_during_a_refund_allows_a_retry_in_a_second():
    full = bucket(limit=1)
    take(full)

    def beside(execute, sql, *rest):
        answer = execute(sql, *rest)
        if "ON CONFLICT" in sql and Counter.objects.filter(count=1).exists():
            Counter.objects.all().delete()
        return answer

    with connection.execute_wrapper(beside), pytest.raises(TooManyRequests) as refusal:
        take(full)
    assert refusal.value.retry_after == 1
