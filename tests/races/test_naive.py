"""The other races against what this package does not do: each test beside them would fail.

The barriers stand for the moment between a look and a save, in which all of them may come along.
"""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone

from passwordless_otp import codes, outbox
from passwordless_otp.delivery.backends import memory
from passwordless_otp.flows import protection, sending, sign_in, transactions
from passwordless_otp.models import Flow, Identifier, Message, Verification
from tests.races.threads import logins, together
from tests.visitor import EMAIL, Visitor, joined, newest_code

pytestmark = pytest.mark.django_db(transaction=True)


def started():
    joined()
    visitor = Visitor()
    visitor.sign_in(EMAIL, "email_code")
    return visitor


@pytest.mark.slow
def test_look_then_save_lets_one_code_sign_in_many_times(monkeypatch):
    visitor, code, moment = started(), newest_code(), threading.Barrier(60)
    Session.objects.all().delete()

    def naive(verification, code, guard, accept):
        assert verification.status == "unverified"
        assert codes.match(verification.code(), code)
        moment.wait(30)
        flow = verification.flow
        flow.status, flow.completed_at, flow.user = "complete", timezone.now(), get_user_model().objects.get()
        flow.save()

    monkeypatch.setattr(sign_in, "check_code", naive)
    with logins() as counted:
        assert together([lambda: visitor.twin().attempt(code).status_code] * 60) == [200] * 60
    assert len(counted) == Session.objects.count() == 60


def test_look_then_save_sends_a_message_for_every_prepare(monkeypatch):
    visitor, moment, save = started(), threading.Barrier(10), sending._save
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(seconds=31))
    memory.outbox.clear()

    def wait_and_save(verification, **changes):
        moment.wait(30)
        save(verification, **changes)

    monkeypatch.setattr(transactions, "run", lambda step, *rows: step())
    monkeypatch.setattr(protection, "pay", lambda buckets: {})  # that needs the transaction
    monkeypatch.setattr(Flow, "touch", lambda self, **changes: None)
    monkeypatch.setattr(sending, "_save", wait_and_save)
    assert together([lambda: visitor.twin().prepare().status_code] * 10) == [200] * 10
    assert len(memory.outbox) == 10


def test_look_then_save_sends_a_message_once_a_worker(monkeypatch):
    started()
    memory.outbox.clear()
    Message.objects.update(status="pending")
    message, moment = Message.objects.get(kind="sign_in"), threading.Barrier(10)

    def naive(self, pk):
        pending = self.get(pk=pk).status == "pending"
        moment.wait(30)
        return pending and self.filter(pk=pk).update(status="sending")

    monkeypatch.setattr(type(Message.objects), "claim", naive)
    together([lambda: outbox.deliver(message.pk)] * 10)
    assert len(memory.outbox) == 10


@pytest.mark.parametrize("number", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_without_the_row_that_only_one_can_write_each_sign_up_makes_a_user(number, monkeypatch):
    monkeypatch.setattr(type(Identifier.objects), "bulk_create", lambda self, rows: rows)
    steps = []
    for visitor in [Visitor() for _ in range(number)]:
        visitor.sign_up(email_address=EMAIL, strategy="email_code")
        steps.append(lambda visitor=visitor, code=newest_code(): visitor.attempt(code).status_code)
    assert together(steps) == [200] * number
    assert get_user_model().objects.count() == number
