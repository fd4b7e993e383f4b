"""What may follow what: a status of a message only moves on."""

import itertools

import pytest

from passwordless_otp.models import Message
from passwordless_otp.models.messages import DeliveryResult, MessageStatus
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db

FINAL = {"delivered", "failed", "suppressed"}
REPORTED = ["sent", "delivered", "failed"]


@pytest.fixture
def message():
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    Message.objects.update(provider_id="")
    return Message.objects.get()


@pytest.mark.parametrize(("before", "after"), list(itertools.product(MessageStatus.values, REPORTED)))
def test_report_moves_a_status_forward_only(message, before, after):
    Message.objects.update(status=before)
    moved = Message.objects.report(message.pk, after, "p1", "said")
    message.refresh_from_db()
    on = before not in FINAL and before != after and (before, after) != ("pending", "failed")
    assert (moved, message.status) == ((1, after) if on else (0, before))


def test_a_report_about_another_try_changes_nothing(message):
    Message.objects.update(status="sent", provider_id="p1")
    assert not Message.objects.report(message.pk, "failed", "p2")
    assert Message.objects.report(message.pk, "failed", "p1")


@pytest.mark.parametrize("reported", ["delivered", "failed"])
def test_answer_after_the_report_adds_provider_and_keeps_status(message, reported):
    Message.objects.update(status="sending")
    Message.objects.report(message.pk, reported, "p1", "30003" if reported == "failed" else "")
    message.record(DeliveryResult(MessageStatus.SENT, "a.b.C", provider_id="p1"))
    message.refresh_from_db()
    assert (message.status, message.backend) == (reported, "a.b.C")
    assert message.error_code == ("30003" if reported == "failed" else "")
    assert message.sent_at


def test_a_late_answer_corrects_what_the_sweep_had_given_up(message):
    Message.objects.update(status="unknown")
    message.record(DeliveryResult(MessageStatus.SENT, "a.b.C"))
    message.refresh_from_db()
    assert message.status == "sent"


def test_a_worker_that_was_only_slow_may_put_back_what_the_sweep_had_given_up(message):
    Message.objects.update(status="unknown")
    message.record(DeliveryResult(MessageStatus.PENDING, "a.b.C"))
    message.refresh_from_db()
    assert message.status == "pending"


def test_a_long_answer_is_cut(message):
    Message.objects.update(status="sending")
    message.record(DeliveryResult(MessageStatus.FAILED, "y" * 500, "x" * 500))
    message.refresh_from_db()
    assert (len(message.error_code), len(message.backend)) == (100, 200)
