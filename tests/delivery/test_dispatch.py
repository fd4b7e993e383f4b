"""The pool of threads: after the commit, with connections of its own, and never in the visitor's way."""

import os
import time

import pytest

from passwordless_otp.delivery.backends import memory
from passwordless_otp.models import Message
from passwordless_otp.outbox import chains, pool
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
    slow = [{"BACKEND": "tests.hooks.Slow"}]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": slow}}
    started = time.monotonic()
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert Message.objects.get().status in {"pending", "sending"}
    assert time.monotonic() - started < 5  # the provider takes longer than that; a bound, not a measure
    Message.objects.all().delete()


def test_a_forked_worker_has_threads_of_its_own_and_nothing_of_its_parents_to_do(threads):
    Visitor().sign_up(email_address=EMAIL, strategy="email_code")
    child = os.fork()
    if child == 0:
        os._exit(0 if not pool._threads and pool.drain(0) else 1)
    assert os.waitpid(child, 0)[1] == 0


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
