"""The other races against what this package does not do: each test beside them would fail.

The barriers stand for the moment between a look and a save, in which all of them may come along.
"""

import threading
from collections import Counter
from contextlib import nullcontext
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.utils import timezone

from passwordless_otp import codes, users
from passwordless_otp.flows import lifecycle, send_code, sign_in
from passwordless_otp.messaging import deliver
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message, Verification
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Consumed
from tests.races.threads import logins, together
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code

pytestmark = pytest.mark.django_db(transaction=True)


def started():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    return visitor


@pytest.mark.slow
def test_look_then_save_lets_one_code_sign_in_many_times(monkeypatch):
    visitor, code, moment = started(), newest_code(), threading.Barrier(60)
    Session.objects.all().delete()

    def naive(settings, flow, visitor, strategy, code):
        verification = flow.newest(strategy)
        assert verification.status == "unverified"
        assert codes.match(verification.code(), code)
        moment.wait(30)
        flow.status, flow.completed_at, flow.user = "complete", timezone.now(), get_user_model().objects.get()
        flow.save()
        return flow

    monkeypatch.setattr(sign_in, "attempt", naive)
    with logins() as counted:
        assert together([lambda: visitor.twin().attempt(code).status_code] * 60) == [200] * 60
    assert len(counted) == Session.objects.count() == 60


def test_look_then_save_sends_a_message_for_every_prepare(monkeypatch):
    visitor, moment, save = started(), threading.Barrier(10), send_code._save
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(seconds=31))
    memory.sent.clear()

    def wait_and_save(verification, **changes):
        moment.wait(30)
        save(verification, **changes)

    monkeypatch.setattr(lifecycle, "step", nullcontext)
    monkeypatch.setattr(windows, "consume", lambda buckets, read=(): Consumed(Counter(), []))
    monkeypatch.setattr(send_code, "_save", wait_and_save)
    assert together([lambda: visitor.twin().prepare().status_code] * 10) == [200] * 10
    assert len(memory.sent) == 10


def test_look_then_save_sends_a_message_once_a_worker(monkeypatch):
    started()
    memory.sent.clear()
    Message.objects.update(status="pending")
    message, moment = Message.objects.get(kind="sign_in"), threading.Barrier(10)

    def naive(self, pk):
        pending = self.get(pk=pk).status == "pending"
        moment.wait(30)
        return pending and self.filter(pk=pk).update(status="sending")

    monkeypatch.setattr(type(Message.objects), "claim", naive)
    together([lambda: deliver.run_job(message.pk)] * 10)
    assert len(memory.sent) == 10


@pytest.mark.parametrize("number", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_without_the_row_that_only_one_can_write_each_sign_up_makes_a_user(number, monkeypatch):
    monkeypatch.setattr(type(Identifier.objects), "bulk_create", lambda self, rows: rows)
    monkeypatch.setattr(users, "people_of", lambda identifiers: ({}, []))
    monkeypatch.setattr(
        users, "_require_only_user", lambda user, proven: None
    )  # nor a user with that email field
    steps = []
    for visitor in [ApiVisitor() for _ in range(number)]:
        visitor.sign_up(email_address=EMAIL, strategy="email_code")
        steps.append(lambda visitor=visitor, code=newest_code(): visitor.attempt(code).status_code)
    assert together(steps) == [200] * number
    assert get_user_model().objects.count() == number
