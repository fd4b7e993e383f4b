"""The rules of a sign-in."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.errors import ParamMissing
from passwordless_otp.flows import sign_in
from passwordless_otp.identifiers import Strategy
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier, InstanceSettings, Message, Verification
from passwordless_otp.visitor import Visitor
from tests.visitor import (
    EMAIL,
    PHONE,
    ApiVisitor,
    both_kinds,
    errors,
    later,
    newest_code,
    operate,
    param,
    started,
)

pytestmark = pytest.mark.django_db


def test_the_right_code_signs_in(jane):
    visitor = started()
    answer = visitor.attempt(newest_code()).json()
    assert answer["response"]["status"] == "complete"
    assert answer["response"]["created_session_id"] == answer["client"]["last_active_session_id"]
    assert answer["client"]["sign_in"] is None
    assert visitor.signed_in == jane


def test_create_alone_sends_nothing(jane):
    memory.sent.clear()
    visitor = ApiVisitor()
    answer = visitor.sign_in(EMAIL).json()["response"]
    assert answer["status"] == "needs_first_factor"
    assert answer["first_factor_verification"] is None
    assert not memory.sent
    assert not Verification.objects.filter(flow__purpose="sign_in").exists()


def test_prepare_names_its_factor_and_sends(jane):
    visitor = ApiVisitor()
    factor = visitor.sign_in(EMAIL).json()["response"]["supported_first_factors"][0]
    answer = visitor.prepare("email_code", email_address_id=factor["email_address_id"])
    assert answer.json()["response"]["first_factor_verification"]["status"] == "unverified"
    assert visitor.attempt(newest_code()).status_code == 200


def test_a_factor_of_another_flow_is_refused(jane):
    other = ApiVisitor().sign_in(EMAIL).json()["response"]["supported_first_factors"][0]
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    answer = visitor.prepare("email_code", email_address_id=other["email_address_id"])
    assert errors(answer) == ["form_param_value_invalid"]
    assert param(answer) == "email_address_id"


def test_an_attempt_before_prepare_is_refused(jane):
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    assert errors(visitor.attempt("123456")) == ["verification_missing"]


def test_without_an_identifier_it_is_asked_for():
    answer = ApiVisitor().create("sign_in").json()["response"]
    assert answer["status"] == "needs_identifier"
    assert answer["supported_identifiers"] == ["email_address"]
    assert answer["supported_first_factors"] is None


def test_an_abandoned_flow_can_be_read_and_does_nothing(jane):
    visitor = started()
    code = newest_code()
    later(hours=25)
    assert visitor.read()["status"] == "abandoned"
    assert errors(visitor.attempt(code)) == ["verification_expired"]
    assert errors(visitor.prepare()) == ["verification_expired"]


def test_the_same_input_goes_on_with_the_open_flow(jane):
    visitor = started()
    flow, code = visitor.flow, newest_code()
    visitor.sign_in(" JANE@EXAMPLE.COM ", "email_code")
    assert visitor.flow == flow
    assert newest_code() == code
    assert visitor.attempt(code).status_code == 200


def test_another_input_replaces_the_open_flow_and_erases_its_nonce(jane):
    visitor = started()
    first, code = visitor.flow, newest_code()
    visitor.sign_in("other@example.com")
    assert visitor.flow != first
    visitor.flow = first
    assert errors(visitor.attempt(code)) == ["resource_not_found"]
    assert not Verification.objects.exclude(nonce="").exists()


def test_unknown_people_get_a_note_and_never_in():
    visitor = started("nobody@example.com")
    [note] = memory.sent
    assert note.code == ""
    assert "no account" in note.text.lower()
    assert "https://example.com/auth/sign-up/" in note.text
    right = Verification.objects.get().code()
    assert errors(visitor.attempt(right)) == ["form_code_incorrect"]
    assert not get_user_model().objects.exists()


def test_an_unknown_phone_gets_nothing():
    both_kinds()
    visitor = started(PHONE, "phone_code")
    assert Message.objects.get().status == "suppressed"
    assert not memory.sent
    assert errors(visitor.attempt(Verification.objects.get().code(), "phone_code")) == ["form_code_incorrect"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": True}, {"is_superuser": True}])
def test_inactive_people_and_staff_get_a_truthful_note_and_never_in(jane, change):
    get_user_model().objects.update(**change)
    visitor = started()
    assert memory.sent[-1].code == ""
    assert "does not sign in" in memory.sent[-1].text
    code = Verification.objects.get(flow__purpose="sign_in").code()
    assert errors(visitor.attempt(code)) == ["form_code_incorrect"]


def test_staff_sign_in_where_a_superuser_allows_it(jane):
    get_user_model().objects.update(is_staff=True)
    operate(staff_sign_in=True)
    assert started().attempt(newest_code()).status_code == 200


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": True}])
def test_who_she_is_is_looked_at_again_at_the_attempt(jane, change):
    visitor = started()
    get_user_model().objects.update(**change)
    assert errors(visitor.attempt(newest_code())) == ["form_code_incorrect"]


def test_an_identifier_taken_away_signs_in_nobody(jane):
    visitor = started()
    Identifier.objects.all().delete()
    assert errors(visitor.attempt(newest_code())) == ["form_code_incorrect"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email_code": False}, "form_param_value_disabled"),
        ({"email_address_enabled": False}, "form_param_value_disabled"),
        ({"email_address_used_for_identification": False}, "form_param_value_disabled"),
    ],
)
def test_settings_are_looked_at_again_at_every_step(jane, change, code):
    visitor = started()
    operate(**change)
    assert errors(visitor.attempt(newest_code())) == [code]
    assert errors(visitor.prepare()) == [code]
    assert errors(ApiVisitor().sign_in(EMAIL)) == [code]


def test_with_protection_off_an_unknown_identifier_is_told():
    operate(enumeration_protection=False)
    answer = ApiVisitor().sign_in("nobody@example.com")
    assert errors(answer) == ["form_identifier_not_found"]
    assert param(answer) == "identifier"
    assert not Flow.objects.exists()


def test_with_protection_off_all_factors_are_offered_and_the_strategy_can_be_switched(jane):
    both_kinds(enumeration_protection=False)
    user = get_user_model().objects.get()
    Identifier.objects.create(user=user, kind="phone_number", value=PHONE)
    visitor = ApiVisitor()
    factors = visitor.sign_in(EMAIL, "email_code").json()["response"]["supported_first_factors"]
    assert [factor["strategy"] for factor in factors] == ["email_code", "phone_code"]
    assert factors[1]["safe_identifier"] == "+1•••••••671"
    by_mail = newest_code()
    assert visitor.prepare("phone_code", phone_number_id=factors[1]["phone_number_id"]).status_code == 200
    by_sms = newest_code(PHONE)
    assert errors(visitor.attempt(by_mail, "phone_code")) == ["form_code_incorrect"] or by_mail == by_sms
    assert visitor.attempt(by_sms, "phone_code").status_code == 200
    assert visitor.signed_in == jane


def test_with_protection_on_only_the_identifier_typed_is_offered(jane):
    both_kinds()
    Identifier.objects.create(user=get_user_model().objects.get(), kind="phone_number", value=PHONE)
    visitor = ApiVisitor()
    factors = visitor.sign_in(EMAIL).json()["response"]["supported_first_factors"]
    assert [factor["strategy"] for factor in factors] == ["email_code"]
    assert errors(visitor.prepare("phone_code")) == ["strategy_for_user_invalid"]


def test_a_signed_in_browser_is_told_so(jane):
    visitor = started()
    visitor.attempt(newest_code())
    answer = visitor.sign_in(EMAIL)
    assert errors(answer) == ["session_exists"]
    assert answer.json()["meta"]["client"]["sessions"][0]["user"]["id"] == jane


def test_completion_ends_every_open_flow_of_the_browser(jane):
    visitor = started()
    sign_in, code = visitor.flow, newest_code()
    visitor.sign_up(email_address="new@example.com", strategy="email_code")
    visitor.flow = sign_in
    assert visitor.attempt(code).json()["client"]["sign_up"] is None
    assert not Flow.objects.filter(status="open").exists()
    assert timezone.now() - Flow.objects.get(status="complete", purpose="sign_in").completed_at < timedelta(
        minutes=1
    )


@pytest.mark.parametrize("asked", [{"strategy": Strategy.EMAIL_CODE}, {"send": True}])
def test_code_without_an_identifier_is_refused_for_want_of_it(asked):
    with pytest.raises(ParamMissing) as refusal:
        sign_in.create(InstanceSettings.current(), None, Visitor("x", "y", ""), **asked)
    assert refusal.value.param == "identifier"
