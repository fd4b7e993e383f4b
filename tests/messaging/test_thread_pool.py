"""The pool of threads: after the commit, with connections of its own, and never in the visitor's way."""

import os
import sys
import threading
import time
from collections import Counter
from datetime import timedelta
from queue import Full
from types import SimpleNamespace

import pytest
from django.core import mail
from django.db import OperationalError, connections
from django.utils import timezone

from passwordless_otp.checks import check_threads
from passwordless_otp.messaging import deliver, routes, thread_pool
from passwordless_otp.messaging.backends import base, memory
from passwordless_otp.models import Message
from passwordless_otp.models.base import uuid7
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "thread"}
    yield
    drain()


def drain():
    assert thread_pool.drain(30)


def test_thread_delivers_after_the_commit(threads):
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    drain()
    assert Message.objects.get().status == "sent"
    assert visitor.attempt(memory.sent[0].code).status_code == 200


def test_no_answer_waits_for_a_provider(threads, settings):
    gated(settings)
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert Message.objects.get().status in {"pending", "sending"}
    Gated.gate.set()
    drain()
    assert Message.objects.get().status == "sent"


def test_forked_process_has_neither_threads_nor_jobs_of_its_parent(threads):
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    thread_pool._queue.add((uuid7(), "/"), 60)
    child = os.fork()
    if child == 0:
        os._exit(1 if thread_pool._threads or thread_pool._queue._waiting else 0)
    assert os.waitpid(child, 0)[1] == 0
    assert thread_pool._threads
    assert thread_pool.close(30)


def test_forked_process_makes_backends_of_its_own(threads):
    routes._backends["email", "one"] = (None, None)
    child = os.fork()
    if child == 0:
        os._exit(1 if routes._backends else 0)
    assert os.waitpid(child, 0)[1] == 0
    routes._backends.clear()


def test_job_of_a_deleted_message_is_no_error(threads, caplog):
    thread_pool.submit("01a205b1-7d35-7a98-a819-fbe5e9020657")
    drain()
    assert not caplog.records


@pytest.mark.parametrize("in_tests", [True, False])
def test_job_that_fails_in_a_test_says_what_to_set(threads, monkeypatch, caplog, in_tests):
    def fail(job):
        raise OperationalError("database table is locked")

    monkeypatch.setattr(deliver, "run_job", fail)
    if not in_tests:
        monkeypatch.delattr(mail, "outbox")
    thread_pool.submit("01a205b1-7d35-7a98-a819-fbe5e9020657")
    drain()
    assert "was not delivered: OperationalError" in caplog.text
    assert ('"DISPATCH" to "blocking"' in caplog.text) == in_tests


class Gated(base.Backend):
    """A provider that answers when a test says so."""

    gate = threading.Event()

    def send(self, message):
        self.gate.wait(30)
        return base.Receipt()


def gated(settings):
    """Send email by a provider that does not answer yet."""
    Gated.gate.clear()
    entry = {"BACKEND": "tests.messaging.test_thread_pool.Gated"}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}


def test_ending_process_finishes_what_it_has_begun_and_leaves_the_rest_pending(threads, settings, monkeypatch):
    monkeypatch.setattr(thread_pool, "GRACE", 0.2)
    gated(settings)
    for number in range(thread_pool.THREADS + 2):
        ApiVisitor().sign_up(email_address=f"jane{number}@example.com", strategy="email_code")
    end = time.monotonic() + 30
    while Message.objects.filter(status="sending").count() < thread_pool.THREADS and time.monotonic() < end:
        time.sleep(0.05)
    thread_pool._end()
    Gated.gate.set()
    drain()
    assert Counter(Message.objects.values_list("status", flat=True)) == {
        "sent": thread_pool.THREADS,
        "pending": 2,
    }


@pytest.fixture
def list_of_three(monkeypatch):
    monkeypatch.setattr(thread_pool, "MAX_WAITING", 3)
    return thread_pool.DelayQueue()


def work():
    return (uuid7(), "/")


def test_waiting_job_is_not_added_twice(list_of_three):
    same = work()
    for seconds in [60, 0, 0]:
        list_of_three.add(same, seconds)
    assert len(list_of_three._waiting) == 1


def test_job_that_was_taken_may_be_added_again(list_of_three):
    same = work()
    list_of_three.add(same)
    assert list_of_three.take() == same
    list_of_three.add(same)
    assert list_of_three.take() == same


def test_jobs_are_taken_in_the_order_in_which_they_are_due(list_of_three):
    late, soon, now = work(), work(), work()
    for item, seconds in [(late, 0.2), (soon, 0.1), (now, 0)]:
        list_of_three.add(item, seconds)
    started = time.monotonic()
    assert [list_of_three.take() for _ in range(3)] == [now, soon, late]
    assert time.monotonic() - started >= 0.2


def test_wait_is_for_jobs_due_or_under_way_and_not_for_later_ones(list_of_three):
    list_of_three.add(work(), 60)
    assert list_of_three.wait(0)
    list_of_three.add(work())
    assert not list_of_three.wait(0)
    list_of_three.take()
    assert not list_of_three.wait(0)
    list_of_three.clear()
    assert not list_of_three.wait(0)
    list_of_three.finish()
    assert list_of_three.wait(0)


def test_full_queue_raises(list_of_three):
    for _ in range(3):
        list_of_three.add(work(), 60)
    with pytest.raises(Full):
        list_of_three.add(work())


def test_message_that_does_not_fit_into_the_queue_stays_pending(threads, monkeypatch, caplog):
    monkeypatch.setattr(thread_pool, "MAX_WAITING", 0)
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert Message.objects.get().status == "pending"
    assert "Full" in caplog.text


def test_retries_start_no_threads(threads, settings, monkeypatch):
    entry = {"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}
    for number in range(20):
        ApiVisitor().sign_up(email_address=f"jane{number}@example.com", strategy="email_code")
    drain()
    ours = [thread for thread in threading.enumerate() if thread.name == "passwordless_otp"]
    assert len(ours) == len(thread_pool._threads) == thread_pool.THREADS
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert thread_pool.close(30)
    assert {message.status for message in Message.objects.all()} == {"pending"}


def test_retry_is_delivered_by_the_pool(threads, settings, monkeypatch):
    monkeypatch.setattr(deliver, "RETRY_WAITS", [(0.05, 0.1), (0.05, 0.1)])
    entry = {"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    end = time.monotonic() + 30
    while Message.objects.get().status != "failed" and time.monotonic() < end:
        time.sleep(0.05)
    message = Message.objects.get()
    assert (message.status, message.delivery_tries) == ("failed", 3)


def test_message_that_is_not_due_is_not_sent_and_its_time_is_returned(settings, threads):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    message = Message.objects.get()
    message.next_try_at = timezone.now() + timedelta(seconds=50)
    message.save()
    assert deliver.run_job(message.pk) == message.next_try_at
    message.refresh_from_db()
    assert (message.status, message.delivery_tries) == ("pending", 0)


def test_threads_leave_no_connections_open(threads, monkeypatch):
    closed = []
    close_all = connections.close_all
    monkeypatch.setattr(
        connections, "close_all", lambda: closed.append(threading.current_thread()) or close_all()
    )
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    drain()
    assert [thread.name for thread in closed] == ["passwordless_otp"]


UWSGI = [
    ({}, False),
    ({"enable-threads": True}, True),
    ({"threads": b"2"}, True),
    ({"enable-threads": b"0"}, False),
]


@pytest.mark.parametrize(("options", "run"), UWSGI)
def test_uwsgi_without_threads_leaves_messages_pending(threads, monkeypatch, caplog, options, run):
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))
    assert [found.id for found in check_threads()] == ([] if run else ["passwordless_otp.W008"])
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    drain()
    assert Message.objects.get().status == ("sent" if run else "pending")
    assert ("NoThreads" in caplog.text) is not run


def test_uwsgi_without_threads_is_no_finding_with_another_dispatch(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt={}))
    assert check_threads() == []
