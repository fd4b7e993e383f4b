"""Steps of one flow, and flows of one identifier, at the same moment."""

import threading
from collections import Counter

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.api.base import APICall
from passwordless_otp.flows import sign_up
from passwordless_otp.messaging import deliver
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier, Message, Verification
from tests.races.threads import together
from tests.visitor import EMAIL, ApiVisitor, both_kinds, joined, later, newest_code, operate

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_10_prepares_one_sends_and_its_code_works(requests_atomic):
    joined()
    memory.sent.clear()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    assert together([lambda: visitor.twin().prepare().status_code] * 10) == [200] * 10
    assert len(memory.sent) == 1
    assert Message.objects.filter(kind="sign_in").count() == 1
    assert visitor.attempt(newest_code()).status_code == 200


def test_of_10_prepares_of_a_lapsed_proof_one_sends_and_its_code_works():
    operate(first_name="required")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(newest_code())
    later(minutes=61)
    assert together([lambda: visitor.twin().prepare().status_code] * 10) == [200] * 10
    assert len(memory.sent) == 2
    assert visitor.attempt(newest_code()).json()["response"]["unverified_fields"] == []


def test_of_10_creates_of_a_known_browser_one_flow_is_left():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in("somebody@example.com")
    answers = together([lambda: visitor.twin().sign_in(EMAIL, "email_code").status_code] * 10)
    assert set(answers) == {200}
    assert Flow.objects.filter(purpose="sign_in", status="open").count() == 1
    visitor.sign_in(EMAIL, "email_code")
    code = Verification.objects.get(flow__purpose="sign_in", flow__status="open").code()
    assert code in [message.code for message in memory.sent]  # the last of them may be another one's
    assert visitor.attempt(code).status_code == 200


@pytest.mark.parametrize("number", [2, 20])
def test_sign_ups_for_one_identifier_finishing_at_once_make_one_user(number, requests_atomic):
    visitors = [ApiVisitor() for _ in range(number)]
    steps = []
    for visitor in visitors:
        visitor.sign_up(email_address=EMAIL, strategy="email_code")
        steps.append(lambda visitor=visitor, code=newest_code(): visitor.attempt(code).status_code)
    assert together(steps) == [200] * number
    user = get_user_model().objects.get()
    assert {visitor.signed_in for visitor in visitors} == {f"user_{user.pk}"}
    assert Identifier.objects.count() == 1


@pytest.fixture
def at_once(monkeypatch):
    """Let each of two steps find its flow before either goes on: the second is not one that comes later."""
    both, find = threading.Barrier(2), APICall.find

    def find_and_wait(self, purpose, name):
        flow = find(self, purpose, name)
        if threading.current_thread() is not threading.main_thread():
            both.wait(60)
        return flow

    monkeypatch.setattr(APICall, "find", find_and_wait)


def finish_both(number):
    """That many sign-ups whose email and phone are proven at the same moment: where their flows stand."""
    both_kinds(email_address_required=True, phone_number_required=True)
    for index in range(number):
        visitor = ApiVisitor()
        email, phone = f"u{index}@example.com", f"+14155552{index:03}"
        visitor.sign_up(email_address=email, phone_number=phone, strategy="email_code")
        visitor.prepare("phone_code")
        by_email, by_phone = newest_code(email), newest_code(phone)
        answers = together(
            [
                lambda twin=visitor.twin(), code=by_email: twin.attempt(code),
                lambda twin=visitor.twin(), code=by_phone: twin.attempt(code, "phone_code"),
            ]
        )
        assert [answer.status_code for answer in answers] == [200, 200]
    return Counter(Flow.objects.values_list("status", flat=True))


@pytest.mark.parametrize("number", [5, pytest.param(40, marks=pytest.mark.slow)])
def test_email_and_phone_of_one_sign_up_finish_together_each_time(at_once, number):
    assert finish_both(number) == {"complete": number}
    assert get_user_model().objects.count() == number


@pytest.mark.postgres
def test_negative_control_without_taking_the_flow_first_they_are_stuck(monkeypatch):
    """Each sees its own identifier proven and not yet the other's: nobody completes the sign-up."""
    both, complete = threading.Barrier(2), sign_up._complete_if_ready

    def complete_and_wait(settings, flow, visitor):
        outcome = complete(settings, flow, visitor)
        if flow.verified:
            both.wait(30)  # each has decided before the other commits
        return outcome

    monkeypatch.setattr(sign_up, "_complete_if_ready", complete_and_wait)
    monkeypatch.setattr(Flow, "touch", Flow.changed)
    assert finish_both(3)["open"] == 3


def test_20_workers_with_one_message_send_it_once():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    memory.sent.clear()
    Message.objects.update(status="pending")
    message = Message.objects.get(kind="sign_in")
    together([lambda: deliver.run_job(message.pk)] * 20)
    assert len(memory.sent) == 1
