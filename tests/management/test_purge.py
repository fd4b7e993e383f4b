"""`otp_purge` deletes what is over, and nothing that limits, recognition or live codes need."""

import os
import signal
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from passwordless_otp import clients, purging
from passwordless_otp.models import Counter, Flow, Identifier, Message, UnlockGrant, Verification
from passwordless_otp.rate_limits import rules
from passwordless_otp.rate_limits.windows import consume, totals
from tests.management import past
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code, operate

pytestmark = pytest.mark.django_db
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
TABLES = [Flow, Verification, Message, UnlockGrant, Counter]


@pytest.fixture
def now(monkeypatch):
    """The time at which the command runs, with nothing after the seconds."""
    now = timezone.now().replace(microsecond=0)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


@pytest.fixture
def jane():
    user = User.objects.create_user("jane")
    for kind, value in [("email_address", EMAIL), ("phone_number", "+14155552671")]:
        Identifier.objects.create(user=user, kind=kind, value=value)
    return user


def purge(**options):
    call_command("otp_purge", **{"verbosity": 0, **options})


def sizes():
    return [model.objects.count() for model in TABLES]


BORDERS = {
    "completed flow": (180 * DAY, lambda at, user: past.flow(at, "complete", user=user)),
    "sign-in of a user by email": (90 * DAY, lambda at, user: past.flow(at, email_address=EMAIL)),
    "sign-in of a user by phone": (90 * DAY, lambda at, user: past.flow(at, phone_number="+14155552671")),
    "dropped proof": (90 * DAY, lambda at, user: past.flow(at, "ended", user=user)),
    "sign-in of nobody": (30 * DAY, lambda at, user: past.flow(at, email_address="kim@example.com")),
    "sign-up": (30 * DAY, lambda at, user: past.flow(at, email_address=EMAIL, purpose="sign_up")),
    "ended flow": (30 * DAY, lambda at, user: past.flow(at, "ended")),
    "unlock mail": (30 * DAY, lambda at, user: past.unlock_mail(at)),
    "old notice": (30 * DAY, past.notice),
    "counter": (MINUTE, lambda at, user: past.counter(at)),
    "unlock grant": (MINUTE, lambda at, user: past.grant(past.unlock_mail(at), at)),
}


@pytest.mark.parametrize("name", BORDERS)
def test_row_goes_when_its_time_is_over_and_stays_until_then(name, now, jane):
    age, make = BORDERS[name]
    young, old = make(now - age + SECOND, jane), make(now - age, jane)
    purge()
    left = type(old).objects.values_list("pk", flat=True)
    assert list(left) == [young.pk]


def test_message_goes_before_its_flow(now, jane):
    verification = past.verification(past.flow(now - 40 * DAY, "complete", user=jane), status="verified")
    young = past.message(now - 30 * DAY + SECOND, verification)
    past.message(now - 30 * DAY, verification)
    purge()
    assert Message.objects.get() == young
    assert Verification.objects.get() == verification


def test_browser_is_recognised_until_its_flow_goes():
    assert purging.COMPLETED.total_seconds() == clients.COOKIE_AGE


@pytest.mark.parametrize(("sent_ago", "left"), [(8 * DAY, 0), (6 * DAY, 2)])
def test_notice_stays_while_its_link_works_and_keeps_its_flow(now, jane, sent_ago, left):
    flow = past.flow(now - 200 * DAY, "complete", user=jane)
    for of in [flow, None]:
        past.notice(now - 200 * DAY, jane, flow=of, claimed_at=now - sent_ago)
    purge()
    assert Message.objects.count() == left
    assert Flow.objects.count() == bool(left)


def test_flow_that_can_go_on_stays_whenever_it_began(now):
    past.flow(now - 200 * DAY, expires_at=now + SECOND)
    purge()
    assert Flow.objects.exists()


def test_verifications_messages_and_grants_go_with_their_flow(now, jane):
    flow = past.flow(now - 31 * DAY)
    message = past.message(now - 29 * DAY, past.verification(flow))
    past.grant(message, now + DAY)
    past.notice(now - 29 * DAY, jane, flow=flow)
    purge()
    assert sizes() == [0, 0, 0, 0, 0]


def test_proof_that_nobody_has_taken_is_erased(now, jane):
    proof = {"status": "proven", "user": jane, "details": {"proof": {"auth_hash": "x"}}, "recognised_for": ["d"]}
    waits = past.flow(now - 10 * MINUTE, **{**proof, "expires_at": now - MINUTE + SECOND})
    over = past.flow(now - 10 * MINUTE, **{**proof, "expires_at": now - MINUTE})
    dropped = past.flow(now - 10 * MINUTE, **{**proof, "status": "ended"})
    purge()
    for flow in [waits, over, dropped]:
        flow.refresh_from_db()
    assert (waits.status, waits.details) == ("proven", proof["details"])
    for flow in [over, dropped]:
        assert (flow.status, flow.details, flow.recognised_for) == ("ended", {}, [])


def test_what_a_code_derives_from_is_erased_once_its_flow_is_over(now):
    over, open_flow = past.flow(now - 2 * DAY), past.flow(now)
    rows = [past.verification(flow, nonce="n") for flow in [over, open_flow]]
    late = past.verification(over, nonce="n", value="lee@example.com", expires_at=now + MINUTE)
    purge()
    assert [Verification.objects.get(pk=row.pk).nonce for row in [*rows, late]] == ["", "n", "n"]


def test_counts_stay_as_long_as_they_count(monkeypatch):
    settings, start = operate(), timezone.now()
    bucket = rules.escalations("", Identifier(kind="email_address", value=EMAIL).identifier)[
        "identifier_failures"
    ]
    failures = rules.failures(settings, "", Identifier(kind="email_address", value=EMAIL).identifier)
    consume([bucket, *failures])
    for days, left in [(6, [1, 0, 0, 1]), (29, [0, 0, 0, 1]), (33, [0, 0, 0, 0])]:
        moment = start + days * DAY
        monkeypatch.setattr(timezone, "now", lambda moment=moment: moment)
        monkeypatch.setattr("passwordless_otp.rate_limits.windows.time.time", moment.timestamp)
        before = totals(bucket, *failures[:3])
        purge()
        assert totals(bucket, *failures[:3]) == before == left
    assert Counter.objects.count() == 0


def test_sign_in_under_way_goes_on():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    before = sizes()
    purge()
    assert sizes() == before
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"


@pytest.fixture
def heap(now, monkeypatch):
    """More rows of each kind than two batches hold."""
    monkeypatch.setattr(purging, "BATCH", 3)
    for number in range(8):
        past.counter(now - DAY - number * SECOND)
        past.verification(past.flow(now - 40 * DAY), nonce="n")
        past.grant(past.unlock_mail(now - 40 * DAY), now - DAY)


def test_dry_run_counts_and_changes_nothing(heap, capsys):
    before = [list(model.objects.order_by("pk").values()) for model in TABLES]
    purge(dry_run=True, verbosity=1)
    assert [list(model.objects.order_by("pk").values()) for model in TABLES] == before
    assert capsys.readouterr().out.splitlines() == [
        "Counters: 8 would be deleted.",
        "Unlock grants: 8 would be deleted.",
        "Messages: 8 would be deleted.",
        "Completed flows: 0 would be deleted.",
        "Failed or abandoned sign-ins of users: 0 would be deleted.",
        "Other flows: 8 would be deleted.",
        "Ended proofs: 0 would be erased.",
        "Expired codes: 8 would be erased.",
        "Nothing was changed. What goes with a flow is not counted apart.",
    ]


def test_all_batches_are_purged_and_counted(heap, capsys):
    purge(verbosity=1)
    assert sizes() == [0, 0, 0, 0, 0]
    assert "Other flows: 8 deleted.\n" in capsys.readouterr().out


def test_nothing_left_to_purge_is_no_failure(db, capsys):
    purge(verbosity=1)
    assert "Other flows: 0 deleted.\n" in capsys.readouterr().out


def test_interrupted_purge_ends_after_its_batch_and_goes_on_when_run_again(heap, monkeypatch):
    batch = purging._purge_batch

    def interrupted(part, pks):
        if part.label == "messages":
            os.kill(os.getpid(), signal.SIGTERM)
        return batch(part, pks)

    monkeypatch.setattr(purging, "_purge_batch", interrupted)
    with pytest.raises(CommandError, match="Stopped"):
        purge()
    assert sizes() == [8, 8, 5, 0, 0]
    monkeypatch.undo()
    purge()
    assert sizes() == [0, 0, 0, 0, 0]


def test_failing_database_is_told_with_what_was_done(heap, monkeypatch, capsys):
    delete = purging._delete

    def fails(model, pks):
        if model is UnlockGrant:
            raise OperationalError("server closed the connection")
        delete(model, pks)

    monkeypatch.setattr(purging, "_delete", fails)
    with pytest.raises(CommandError, match=r"Ended by OperationalError\. Run the same command again"):
        purge(verbosity=1)
    assert capsys.readouterr().out.endswith("Counters: 8 deleted.\nUnlock grants: 0 deleted.\n")


def test_batch_of_flows_takes_as_many_statements_as_one_flow(now):
    counts = []
    for number in [1, 50]:
        for flow in [past.flow(now - 40 * DAY) for _ in range(number)]:
            past.message(now - 39 * DAY, past.verification(flow))
        with CaptureQueriesContext(
            connection,
        ) as statements:
            purge()
        counts.append(len(statements))
    assert counts[0] == counts[1]
