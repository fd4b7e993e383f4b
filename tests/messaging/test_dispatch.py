"""What is handed to whom, and how many statements delivery in the request costs."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from passwordless_otp.messaging import deliver, dispatch, recover
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Message, provider_health
from tests import hooks
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code, started

pytestmark = pytest.mark.django_db(transaction=True)
CONTROLS = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")
COUNT = ["SELECT", "WITH"]  # whether somebody has proven the address, and the limits of its group


def use(settings, **changes):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **changes}


def recording(settings):
    use(settings, DISPATCH="tests.hooks.record")
    hooks.recorded.clear()


def statements_of(monkeypatch, name):
    """The statements of this function of `dispatch`, and how many of them begin or end a transaction."""
    found = []
    original = getattr(dispatch, name)

    def counted(argument):
        with CaptureQueriesContext(connection) as captured:
            original(argument)
        found.extend(query["sql"].strip() for query in captured)

    monkeypatch.setattr(dispatch, name, counted)
    return found


def verbs(found):
    return [sql.split()[0] for sql in found if not sql.startswith(CONTROLS)]


def test_delivery_in_the_request_takes_three_statements_after_the_commit(monkeypatch):
    ApiVisitor().sign_up(email_address="warm@example.com", strategy="email_code")
    found = statements_of(monkeypatch, "submit")
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert len(memory.sent) == 2
    assert verbs(found) == [*COUNT, "UPDATE"]
    assert found[-1].split()[1] == '"passwordless_otp_message"'


def test_first_message_of_a_process_asks_once_more_for_the_health_of_the_provider(monkeypatch):
    found = statements_of(monkeypatch, "submit")
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert verbs(found) == [*COUNT, "SELECT", "UPDATE"]


def test_security_notice_takes_four_statements_and_one_transaction(monkeypatch):
    joined()
    visitor = started()
    found = statements_of(monkeypatch, "announce_sign_in")
    assert visitor.attempt(newest_code()).status_code == 200
    assert memory.sent[-1].subject.startswith("New sign-in")
    assert verbs(found) == ["UPDATE", "SELECT", "INSERT", "UPDATE"]
    assert len(found) - len(verbs(found)) == 2


def test_sign_in_without_news_takes_no_statement_of_notices(monkeypatch):
    visitor = joined()
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    visitor.sign_in(EMAIL, "email_code")
    found = statements_of(monkeypatch, "announce_sign_in")
    assert visitor.attempt(newest_code()).status_code == 200
    assert found == []


@pytest.mark.parametrize(("dispatch_to", "status", "tries"), [("blocking", "sent", 1), ("thread", "pending", 0)])
def test_message_is_saved_as_claimed_only_where_the_request_delivers_it(
    settings, monkeypatch, dispatch_to, status, tries
):
    saved = []
    save = dispatch.save
    monkeypatch.setattr(dispatch, "save", lambda message: save(message) or saved.append(Message.objects.get()))
    monkeypatch.setattr("passwordless_otp.messaging.thread_pool.submit", lambda job: None)
    use(settings, DISPATCH=dispatch_to)
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert saved[0].status == ("sending" if dispatch_to == "blocking" else "pending")
    assert (saved[0].delivery_tries, bool(saved[0].claimed_at)) == (tries, bool(tries))
    assert (Message.objects.get().status, Message.objects.get().delivery_tries) == (status, tries)


def test_request_that_dies_before_it_delivers_leaves_a_message_that_recover_marks(monkeypatch):
    monkeypatch.setattr(deliver, "deliver_saved", lambda message: None)  # the process is gone
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    message = Message.objects.get()
    assert message.status == "sending"
    assert recover.recover_all() == 0
    Message.objects.update(claimed_at=timezone.now() - timedelta(seconds=61))
    recover.recover_all()
    message.refresh_from_db()
    assert (message.status, message.error_code) == ("unknown", "worker stopped before it recorded an answer")
    assert not memory.sent


def test_job_of_a_message_is_its_id_and_that_of_a_sign_in_has_a_prefix(settings):
    joined()
    recording(settings)
    visitor = started()
    message = Message.objects.get(status="pending")
    visitor.attempt(message.verification.code())
    assert hooks.recorded == [str(message.pk), f"sign_in:{Flow.objects.get(notice_due=True).pk}"]


@pytest.mark.parametrize(("kind", "asked"), [("message", "message"), ("sign_in", "flow")])
def test_worker_asks_only_the_table_that_its_job_names(settings, kind, asked):
    recording(settings)
    job = "01a205b1-7d35-7a98-a819-fbe5e9020657"
    with CaptureQueriesContext(connection) as captured:
        assert deliver.run_job(job if kind == "message" else f"sign_in:{job}") is None
    tables = [query["sql"].partition(' "passwordless_otp_')[2].partition('"')[0] for query in captured]
    assert set(tables) == {asked}


def test_worker_claims_reads_counts_and_records_a_message_in_five_statements(settings):
    recording(settings)
    ApiVisitor().sign_up(email_address="warm@example.com", strategy="email_code")
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    warm, job = hooks.recorded
    deliver.run_job(warm)
    with CaptureQueriesContext(connection) as captured:
        deliver.run_job(job)
    assert verbs(query["sql"] for query in captured) == ["UPDATE", "SELECT", *COUNT, "UPDATE"]


def test_provider_in_trouble_is_asked_for_with_each_message(monkeypatch):
    found = statements_of(monkeypatch, "submit")
    name = "passwordless_otp.messaging.backends.memory.MemoryBackend"
    provider_health.ProviderHealth.objects.create(name=name, failures=1)
    for number in range(2):
        ApiVisitor().sign_up(email_address=f"jane{number}@example.com", strategy="email_code")
    # The first message finds the row and deletes it; from then on the provider is known to be healthy.
    assert verbs(found) == [*COUNT, "SELECT", "UPDATE", "DELETE", *COUNT, "UPDATE"]
