"""`otp_purge` runs beside visitors and beside itself: nobody waits for it long, and nobody gets an error."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from passwordless_otp import purging
from passwordless_otp.models import Counter, Flow, Message, Verification, base
from tests.management import past
from tests.races.threads import together
from tests.visitor import ApiVisitor, newest_code

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def purge():
    call_command("otp_purge", verbosity=0)


def fill(number, age=40 * DAY):
    """Make so many abandoned sign-ins with a verification and a message each, and as many counters."""
    start = timezone.now() - age
    flows, verifications, messages, counters = [], [], [], []
    for index in range(number):
        at = start + timedelta(milliseconds=index)
        times = {"created_at": at, "expires_at": at + DAY}
        flow = Flow(id=past.key_of(at), purpose="sign_in", client=f"{at:%j} {index}", **times)
        proven = {"kind": "email_address", "value": f"old{index}@example.org", "max_tries": 5, "expires_at": at}
        verification = Verification(id=past.key_of(at), flow=flow, nonce="n", **proven)
        sent = {"kind": "sign_in", "channel": "email", "status": "sent", "created_at": at, "claimed_at": at}
        flows.append(flow)
        verifications.append(verification)
        messages.append(Message(id=past.key_of(at), verification=verification, **sent))
        counters.append(Counter(key=f"{at:%j} {index}", window=1, count=1, limit=9, expires_at=2))
    for rows in [flows, verifications, messages, counters]:
        type(rows[0]).objects.bulk_create(rows, batch_size=500)


def left():
    return [model.objects.count() for model in [Flow, Verification, Message, Counter]]


def sign_up_and_in(number):
    """Return the statuses of the answers on the way."""
    email, visitor, statuses = f"new{number}@example.com", ApiVisitor(), []
    statuses.append(visitor.sign_up(email_address=email, strategy="email_code").status_code)
    statuses.append(visitor.attempt(newest_code(email)).status_code)
    again = ApiVisitor()
    statuses.append(again.sign_in(email, "email_code").status_code)
    statuses.append(again.attempt(newest_code(email)).status_code)
    return statuses


def deadlocks():
    if connection.vendor != "postgresql":
        return 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(DEADLOCKS)
        return cursor.fetchone()[0]


@pytest.mark.slow
@pytest.mark.postgres
def test_40_people_sign_in_while_20000_rows_are_purged():
    fill(5000)
    before, ended = deadlocks(), []

    def purge_all():
        purge()
        ended.append(left())

    _, *answers = together([purge_all, *[lambda number=number: sign_up_and_in(number) for number in range(40)]])
    assert answers == [[200] * 4] * 40
    assert deadlocks() == before
    assert Flow.objects.filter(status="complete").count() == 80
    assert Message.objects.filter(verification__value__startswith="old").count() == 0
    assert not Flow.objects.filter(created_at__lte=timezone.now() - 30 * DAY).exists()


def test_purges_at_once_delete_each_row_once():
    fill(300)
    together([purge] * 4)
    assert left() == [0, 0, 0, 0]


def holding(take, run):
    """Run this while another transaction holds the locks that `take` takes, and then wants the flow."""
    taken, ran, errors = threading.Event(), threading.Event(), []

    def hold():
        try:
            with transaction.atomic():
                take()
                taken.set()
                ran.wait(1.5)
                Flow.objects.update(extra="held")
        except OperationalError as error:
            errors.append(error)

    def purge_then():
        taken.wait(10)
        try:
            run()
        except OperationalError as error:
            errors.append(error)
        ran.set()

    together([hold, purge_then])
    return errors


def message_first():
    list(Message.objects.select_for_update())


def naive():
    """Wait for each lock, flows first."""
    pks = list(Flow.objects.values_list("pk", flat=True))
    with transaction.atomic():
        list(Flow.objects.filter(pk__in=pks).select_for_update())
        Message.objects.filter(verification__flow__in=pks).delete()


@pytest.mark.postgres
@pytest.mark.parametrize("of_flow", ["pk", "verifications", "verifications__messages"])
def test_flow_of_which_somebody_holds_a_row_is_left_for_the_next_run(of_flow):
    fill(20)
    kept = Flow.objects.order_by("pk")[7]
    model = {"pk": Flow, "verifications": Verification}.get(of_flow, Message)
    pk = Flow.objects.filter(pk=kept.pk).values_list(of_flow, flat=True).get()

    def hold_one():
        list(model.objects.filter(pk=pk).select_for_update())

    assert holding(hold_one, purge) == []
    assert Flow.objects.get() == kept
    purge()
    assert left() == [0, 0, 0, 0]


@pytest.mark.postgres
def test_purge_is_part_of_no_deadlock_where_locks_are_taken_the_other_way_round():
    fill(20)
    assert holding(message_first, purge) == []


@pytest.mark.postgres
def test_purge_that_waits_for_locks_would_deadlock():
    fill(20)
    [error] = holding(message_first, naive)
    assert base.is_conflict(error)
    assert "deadlock" in str(error)


@pytest.mark.postgres
def test_user_is_deleted_beside_a_purge():
    user = User.objects.create_user("jane")
    at = timezone.now() - 200 * DAY
    for number in range(20):
        flow = past.flow(at + timedelta(milliseconds=number), "complete", user=user)
        past.message(at, past.verification(flow, status="verified"))
    before = deadlocks()
    together([user.delete, purge, purge])
    assert deadlocks() == before
    assert left() == [0, 0, 0, 0]


def test_batches_are_transactions_of_their_own(monkeypatch):
    fill(10)
    monkeypatch.setattr(purging, "BATCH", 4)
    step, sizes = purging._delete, []

    def counted(model, pks):
        sizes.append((model.__name__, len(pks)))
        step(model, pks)

    monkeypatch.setattr(purging, "_delete", counted)
    purge()
    assert [size for size in sizes if size[0] == "Counter"] == [("Counter", 4), ("Counter", 4), ("Counter", 2)]
