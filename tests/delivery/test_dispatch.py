"""The pool of threads: after the commit, with connections of its own, and never in the visitor's way."""

import os
import sys
import threading
import time
from collections import Counter
from queue import Full
from types import SimpleNamespace

import pytest
from django.db import connections

from passwordless_otp.checks import check_threads
from passwordless_otp.delivery.backends import base, memory
from passwordless_otp.models import Message
from passwordless_otp.models.ids import uuid7
from passwordless_otp.outbox import agenda, chains, delivering, pool
from tests.visitor import EMAIL, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def threads(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "thread"}
    yield
    drain()


def drain():
    assert pool.drain(30)


def test_a_thread_delivers_after_the_commit(threads):
    visitor = Visitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    drain()
    assert Message.objects.get().status == "sent"
    assert visitor.attempt(memory.outbox[0].code).status_code == 200


def test_no_answer_waits_for_a_provider(threads, settings):
    gated(settings)
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert Message.objects.get().status in {"pending", "sending"}
    Gated.gate.set()
    drain()
    assert Message.objects.get().status == "sent"


def test_a_forked_worker_has_threads_of_its_own_and_nothing_of_its_parents_to_do(threads):
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    pool._agenda.add((uuid7(), "/"), 60)
    child = os.fork()
    if child == 0:
        os._exit(1 if pool._threads or pool._agenda._waiting else 0)
    assert os.waitpid(child, 0)[1] == 0
    assert pool._threads
    assert pool.close(30)


def test_a_forked_worker_makes_backends_of_its_own(threads):
    chains._kept["email", "one"] = (None, None)
    child = os.fork()
    if child == 0:
        os._exit(1 if chains._kept else 0)
    assert os.waitpid(child, 0)[1] == 0
    chains._kept.clear()


def test_a_message_that_is_gone_by_then_is_no_error(threads, caplog):
    pool.submit("01a205b1-7d35-7a98-a819-fbe5e9020657")
    drain()
    assert not caplog.records


class Gated(base.Backend):
    """A provider that answers when a test says so."""

    gate = threading.Event()

    def send(self, message):
        self.gate.wait(30)
        return base.Receipt()


def gated(settings):
    """Send email by a provider that does not answer yet."""
    Gated.gate.clear()
    entry = {"BACKEND": "tests.delivery.test_dispatch.Gated"}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}


def test_a_process_that_ends_leaves_what_it_has_not_begun_and_waits_for_the_rest(threads, settings, monkeypatch):
    monkeypatch.setattr(pool, "GRACE", 0.2)
    gated(settings)
    for number in range(pool.THREADS + 2):
        Visitor().sign_up(email_address=f"jane{number}@example.com", strategy="email_code")
    end = time.monotonic() + 30
    while Message.objects.filter(status="sending").count() < pool.THREADS and time.monotonic() < end:
        time.sleep(0.05)
    pool._end()
    Gated.gate.set()
    drain()
    assert Counter(Message.objects.values_list("status", flat=True)) == {"sent": pool.THREADS, "pending": 2}


@pytest.fixture
def list_of_three(monkeypatch):
    monkeypatch.setattr(agenda, "LIMIT", 3)
    return agenda.Agenda()


def work():
    return (uuid7(), "/")


def test_what_waits_already_is_not_noted_twice(list_of_three):
    same = work()
    for seconds in [60, 0, 0]:
        list_of_three.add(same, seconds)
    assert len(list_of_three._waiting) == 1


def test_what_was_begun_may_be_noted_again(list_of_three):
    same = work()
    list_of_three.add(same)
    assert list_of_three.begin() == same
    list_of_three.add(same)
    assert list_of_three.begin() == same


def test_the_first_that_is_due_is_begun_first(list_of_three):
    late, soon, now = work(), work(), work()
    for item, seconds in [(late, 0.2), (soon, 0.1), (now, 0)]:
        list_of_three.add(item, seconds)
    started = time.monotonic()
    assert [list_of_three.begin() for _ in range(3)] == [now, soon, late]
    assert time.monotonic() - started >= 0.2


def test_waiting_is_for_what_is_due_or_begun_and_not_for_what_comes_later(list_of_three):
    list_of_three.add(work(), 60)
    assert list_of_three.wait(0)
    list_of_three.add(work())
    assert not list_of_three.wait(0)
    list_of_three.begin()
    assert not list_of_three.wait(0)
    list_of_three.clear()
    assert not list_of_three.wait(0)
    list_of_three.finish()
    assert list_of_three.wait(0)


def test_the_list_has_an_end(list_of_three):
    for _ in range(3):
        list_of_three.add(work(), 60)
    with pytest.raises(Full):
        list_of_three.add(work())


def test_what_finds_no_room_waits_in_the_table(threads, monkeypatch, caplog):
    monkeypatch.setattr(agenda, "LIMIT", 0)
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert Message.objects.get().status == "pending"
    assert "Full" in caplog.text


def test_retries_take_no_threads_of_their_own(threads, settings, monkeypatch):
    entry = {"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}
    for number in range(20):
        Visitor().sign_up(email_address=f"jane{number}@example.com", strategy="email_code")
    drain()
    ours = [thread for thread in threading.enumerate() if thread.name == "passwordless_otp"]
    assert len(ours) == len(pool._threads) == pool.THREADS
    assert not [thread for thread in threading.enumerate() if isinstance(thread, threading.Timer)]
    assert pool.close(30)
    assert {message.status for message in Message.objects.all()} == {"pending"}


def test_a_retry_is_made_by_the_same_threads(threads, settings, monkeypatch):
    monkeypatch.setattr(delivering, "WAITS", [(0.05, 0.1), (0.05, 0.1)])
    entry = {"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    end = time.monotonic() + 30
    while Message.objects.get().status != "failed" and time.monotonic() < end:
        time.sleep(0.05)
    message = Message.objects.get()
    assert (message.status, message.attempts) == ("failed", 3)


def test_a_message_that_is_not_due_is_left_alone_and_comes_again_in_time(settings, threads):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    message = Message.objects.get()
    message.next_attempt_at = message.verification.expires_at
    message.save()
    assert delivering.deliver(message.pk) == message.next_attempt_at
    message.refresh_from_db()
    assert (message.status, message.attempts) == ("pending", 0)


def test_threads_leave_no_connections_open(threads, monkeypatch):
    closed = []
    close_all = connections.close_all
    monkeypatch.setattr(
        connections, "close_all", lambda: closed.append(threading.current_thread()) or close_all()
    )
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    drain()
    assert [thread.name for thread in closed] == ["passwordless_otp"]


UWSGI = [
    ({}, False),
    ({"enable-threads": True}, True),
    ({"threads": b"2"}, True),
    ({"enable-threads": b"0"}, False),
]


@pytest.mark.parametrize(("options", "run"), UWSGI)
def test_under_uwsgi_threads_have_to_be_asked_for(threads, monkeypatch, caplog, options, run):
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt=options))
    assert [found.id for found in check_threads()] == ([] if run else ["passwordless_otp.W008"])
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    drain()
    assert Message.objects.get().status == ("sent" if run else "pending")
    assert ("NoThreads" in caplog.text) is not run


def test_under_uwsgi_other_ways_need_no_threads(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "uwsgi", SimpleNamespace(opt={}))
    assert check_threads() == []
