"""Backends that break the contract: the row says what is known, and the next message goes out."""

import asyncio
import logging
import sys
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from passwordless_otp.messaging import dispatch, recover, thread_pool
from passwordless_otp.messaging.backends.base import Backend, Receipt, Refused, Unavailable
from passwordless_otp.models import Message, ProviderHealth
from tests.attacks.test_faults import AT_MOST, Fault
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db


class Odd(Backend):
    """Returns or raises `does`; `before` runs when it is asked."""

    does = None
    before = staticmethod(lambda message: None)

    def send(self, message):
        body = f"text={message.text}"  # as a library has it in a frame
        self.before(message)
        if isinstance(self.does, BaseException):
            raise self.does
        return self.does if body else None


@pytest.fixture(autouse=True)
def odd(settings, monkeypatch):
    chain = {"email": [{"BACKEND": "tests.messaging.test_strange_backends.Odd"}]}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": chain}

    def do(does, before=lambda message: None):
        monkeypatch.setattr(Odd, "does", does)
        monkeypatch.setattr(Odd, "before", staticmethod(before))

    return do


def row():
    assert ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code").status_code == 200
    message = Message.objects.get()
    return message.status, message.error_code, message.provider_id


@pytest.mark.parametrize(
    ("does", "after"),
    [
        (None, ("unknown", "AttributeError", "")),
        (Receipt(17), ("sent", "", "17")),
        (Receipt(None), ("sent", "", "")),
        (Receipt("a\0b"), ("sent", "", "ab")),
        (Refused(404), ("failed", "404", "")),
        (Refused(None), ("failed", "", "")),
        (Unavailable("4\0" * 200), ("pending", "4" * 100, "")),
    ],
    ids=["nothing", "a number", "no id", "a NUL", "refuses by number", "refuses without a word", "too long"],
)
def test_result_of_the_wrong_type_is_still_recorded(odd, does, after):
    odd(does)
    assert row() == after


@pytest.mark.django_db(transaction=True)
def test_thread_survives_a_base_exception(odd, settings, caplog):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "thread"}
    odd(asyncio.CancelledError())
    for number in range(thread_pool.THREADS + 1):
        ApiVisitor().sign_up(email_address=f"jane{number}@example.com", strategy="email_code")
    assert thread_pool.drain(30)
    assert caplog.text.count("CancelledError") == thread_pool.THREADS + 1
    odd(Receipt("1"))
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert thread_pool.drain(30)
    assert Message.objects.order_by("pk").last().status == "sent"


def test_channel_without_providers_fails_the_message(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": []}}
    assert row() == ("failed", "no provider is configured", "")


def given_up(_message):
    Message.objects.update(claimed_at=timezone.now() - timedelta(minutes=2))
    recover.recover_all()
    assert Message.objects.get().status == "unknown"


@pytest.mark.parametrize(
    ("does", "status"), [(Receipt("1"), "sent"), (Refused("bad"), "failed"), (Unavailable("busy"), "pending")]
)
def test_slow_worker_overwrites_the_status_unknown(odd, does, status):
    odd(does, given_up)
    assert row()[0] == status
    assert bool(Message.objects.get().next_try_at) == (status == "pending")


@pytest.mark.django_db(transaction=True)
def test_database_error_after_a_provider_error_keeps_the_outcome_and_no_text(odd, caplog):
    odd(Unavailable("busy"))

    def fault(execute, sql, *more):
        if "passwordless_otp_providerhealth" in sql and not sql.startswith("SELECT"):
            handled.append(sys.exc_info()[0])
            raise OperationalError
        return execute(sql, *more)

    handled = []
    with caplog.at_level(logging.DEBUG), connection.execute_wrapper(fault):
        assert row() == ("pending", "busy", "")
    assert handled == [None]  # so that no error whose frames hold the text becomes a context
    assert "OperationalError" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_database_error_at_any_statement_of_a_failing_delivery_is_logged(odd, caplog):
    odd(Unavailable("busy"))
    row()
    for at in range(1, AT_MOST):
        ProviderHealth.objects.all().delete()
        Message.objects.update(
            status="pending", delivery_tries=0, next_try_at=None, claimed_at=None, error_code=""
        )
        caplog.clear()
        message, fault = Message.objects.with_flow().get(), Fault(at)
        with connection.execute_wrapper(fault):
            dispatch.submit(message)
        assert caplog.records, at
        assert Message.objects.get().status in {"pending", "sending"}, at  # where recover finds it
        if fault.seen < at:
            break
    assert 5 < at < AT_MOST - 1  # the settings are read once a second
    assert Message.objects.get().error_code == "busy"
