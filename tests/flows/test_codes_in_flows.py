"""A code within its flow: its tries, its life, its resends."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, InstanceSettings, Message, Verification
from tests.visitor import (
    EMAIL,
    PHONE,
    ApiVisitor,
    both_kinds,
    errors,
    later,
    newest_code,
    started,
    unlimited,
    wrong,
)

pytestmark = pytest.mark.django_db


def test_a_wrong_code_costs_a_try(jane):
    visitor = started()
    assert errors(visitor.attempt(wrong(newest_code()))) == ["form_code_incorrect"]
    assert visitor.read()["first_factor_verification"]["attempts"] == 1


def test_the_right_code_is_a_try_too(jane):
    visitor = started()
    visitor.attempt(wrong(newest_code()))
    answer = visitor.attempt(newest_code()).json()["response"]
    assert answer["first_factor_verification"]["attempts"] == 2
    assert answer["first_factor_verification"]["status"] == "verified"


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "12345x", "\uff11\uff12\uff13", "\0", "\ud800" * 6]
)
def test_what_can_be_no_code_is_refused_without_a_try(jane, code):
    visitor = started()
    assert errors(visitor.attempt(code)) == ["form_code_incorrect"]
    assert visitor.read()["first_factor_verification"]["attempts"] == 0


def test_the_right_code_is_refused_once_the_tries_are_spent(jane):
    visitor = started()
    code = newest_code()
    for _ in range(4):
        assert errors(visitor.attempt(wrong(code))) == ["form_code_incorrect"]
    assert errors(visitor.attempt(wrong(code))) == ["verification_failed"]
    assert errors(visitor.attempt(code)) == ["verification_failed"]
    assert errors(visitor.prepare()) == ["verification_failed"]
    assert visitor.signed_in is None


def test_after_the_tries_are_spent_the_same_address_opens_another_flow(jane):
    visitor = started()
    first, code = visitor.flow, newest_code()
    for _ in range(5):
        visitor.attempt(wrong(code))
    visitor.sign_in(EMAIL, "email_code")
    assert visitor.flow != first
    assert visitor.attempt(newest_code()).status_code == 200


def test_a_code_signs_in_once(jane):
    visitor = started()
    code = newest_code()
    assert visitor.attempt(code).status_code == 200
    assert errors(visitor.attempt(code)) == ["verification_already_verified"]


def test_an_expired_code_is_refused_and_costs_nothing(jane):
    visitor = started()
    code = newest_code()
    later(seconds=601)
    assert errors(visitor.attempt(code)) == ["verification_expired"]
    assert Verification.objects.get(flow__purpose="sign_in").tries == 0
    assert visitor.read()["first_factor_verification"]["status"] == "expired"


def test_a_resend_within_the_interval_sends_nothing_and_answers_the_same(jane):
    visitor = started()
    before = len(memory.sent)
    shown = visitor.read()["first_factor_verification"]
    assert visitor.prepare().json()["response"]["first_factor_verification"] == shown
    assert len(memory.sent) == before


def test_a_resend_is_sent_from_the_instant_on_that_was_shown(jane, monkeypatch):
    visitor = started()
    verification = Verification.objects.get(flow__purpose="sign_in")
    due = verification.resend_at(InstanceSettings.current().resend_interval)
    for now, sent in [(due - timedelta(microseconds=1), False), (due, True)]:
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        memory.sent.clear()
        assert visitor.prepare().status_code == 200
        assert bool(memory.sent) is sent


def test_a_later_resend_repeats_the_code(jane):
    visitor = started()
    code, expires = newest_code(), visitor.read()["first_factor_verification"]["expire_at"]
    later(seconds=31)
    memory.sent.clear()
    answer = visitor.prepare().json()["response"]["first_factor_verification"]
    assert newest_code() == code
    assert expires - answer["expire_at"] == 31_000
    assert visitor.attempt(code).status_code == 200


def test_with_less_than_a_third_of_its_life_left_the_code_is_a_new_one(jane):
    visitor = started()
    code = newest_code()
    visitor.attempt(wrong(code))
    later(seconds=401)
    visitor.prepare()
    assert newest_code() != code
    assert errors(visitor.attempt(code)) == ["form_code_incorrect"]
    assert visitor.read()["first_factor_verification"]["attempts"] == 2
    assert visitor.attempt(newest_code()).status_code == 200


def test_tries_go_on_over_resends(jane):
    unlimited()
    visitor = started()
    for tries in range(1, 5):
        assert errors(visitor.attempt(wrong(newest_code()))) == ["form_code_incorrect"]
        later(seconds=401)
        assert visitor.prepare().status_code == 200
        assert visitor.read()["first_factor_verification"]["attempts"] == tries
    assert errors(visitor.attempt(wrong(newest_code()))) == ["verification_failed"]


def test_a_flow_sends_so_many_messages_and_no_more(jane):
    unlimited()
    visitor = started()
    for _ in range(4):
        later(seconds=31)
        assert visitor.prepare().status_code == 200
    later(seconds=31)
    before = Message.objects.count()
    answer = visitor.prepare()
    assert errors(answer) == ["verification_code_too_many_requests"]
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["Retry-After"]) <= 600
    assert Message.objects.count() == before
    assert visitor.attempt(newest_code()).status_code == 200


@pytest.mark.parametrize("wait", [0, 31])  # the last prepare sends nothing, or the code again
def test_a_prepared_code_counts_from_the_newest_prepare(jane, wait):
    both_kinds(enumeration_protection=False)
    other = "+14155552672"
    user = get_user_model().objects.get()
    Identifier.objects.create(user=user, kind="phone_number", value=PHONE)
    Identifier.objects.create(user=user, kind="phone_number", value=other, primary=False)
    visitor = ApiVisitor()
    factors = visitor.sign_in(EMAIL).json()["response"]["supported_first_factors"]
    assert errors(visitor.prepare("phone_code")) == ["form_param_missing"]
    first, second = (f["phone_number_id"] for f in factors if f["strategy"] == "phone_code")
    for factor in [first, second, first]:
        visitor.prepare("phone_code", phone_number_id=factor)
        later(seconds=wait)
    assert visitor.attempt(newest_code(PHONE), "phone_code").status_code == 200


def test_no_code_lives_when_the_key_is_gone(jane, settings):
    visitor = started()
    code = newest_code()
    settings.SECRET_KEY = "another"
    assert errors(visitor.attempt(code)) == ["verification_expired"]
    assert visitor.prepare().status_code == 200
    assert visitor.attempt(newest_code()).status_code == 200


def test_a_live_code_survives_a_rotation_of_the_key(jane, settings):
    visitor = started()
    code = newest_code()
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    later(seconds=31)
    visitor.prepare()
    assert newest_code() == code
    assert visitor.attempt(code).status_code == 200
