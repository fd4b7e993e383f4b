"""`sign_up_if_missing`: one box for everybody, and one code."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.models import Flow, Verification
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, errors, joined, newest_code, operate

pytestmark = pytest.mark.django_db


def proven(identifier=EMAIL, strategy="email_code"):
    visitor = ApiVisitor()
    visitor.sign_in(identifier, strategy, sign_up_if_missing=True)
    answer = visitor.attempt(newest_code(), strategy)
    assert answer.status_code == 404
    assert errors(answer) == ["sign_up_if_missing_transfer"]
    assert visitor.read()["first_factor_verification"]["status"] == "transferable"
    return visitor


def test_an_unknown_identifier_goes_on_to_sign_up_with_the_same_code():
    visitor = proven()
    answer = visitor.sign_up(transfer=True).json()["response"]
    assert answer["status"] == "complete"
    assert visitor.signed_in == answer["created_user_id"]


def test_a_known_one_is_signed_in():
    jane = joined().signed_in
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert visitor.signed_in == jane


def test_a_transfer_happens_once():
    operate(first_name="required")
    visitor = proven()
    assert visitor.sign_up(transfer=True).json()["response"]["missing_fields"] == ["first_name"]
    assert errors(visitor.sign_up(transfer=True)) == ["account_transfer_invalid"]
    assert visitor.update(first_name="Jane").json()["response"]["status"] == "complete"


def test_a_transfer_belongs_to_its_client():
    proven()
    assert errors(ApiVisitor().sign_up(transfer=True)) == ["account_transfer_invalid"]
    stranger = ApiVisitor()
    stranger.sign_in("b@example.com", "email_code", sign_up_if_missing=True)
    assert errors(stranger.sign_up(transfer=True)) == ["account_transfer_invalid"]


def test_a_transfer_waits_ten_minutes_at_most():
    visitor = proven()
    left = Verification.objects.get().expires_at - timezone.now()
    assert timedelta(minutes=9) < left <= timedelta(minutes=10)
    Verification.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert errors(visitor.sign_up(transfer=True)) == ["account_transfer_invalid"]


def test_a_transfer_asks_again_whether_sign_up_is_open():
    visitor = proven()
    operate(sign_up_mode="closed")
    assert errors(visitor.sign_up(transfer=True)) == ["sign_up_mode_restricted"]
    assert not get_user_model().objects.exists()


def test_where_sign_up_is_closed_everybody_is_told_the_same():
    joined()
    operate(sign_up_mode="closed")
    for identifier in [EMAIL, "nobody@example.com"]:
        answer = ApiVisitor().sign_in(identifier, sign_up_if_missing=True)
        assert answer.status_code == 422
        assert errors(answer) == ["sign_up_if_missing_not_allowed"]


def test_closed_meanwhile_it_is_an_ordinary_sign_in():
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    operate(sign_up_mode="closed")
    assert errors(visitor.attempt(newest_code())) == ["form_code_incorrect"]


def test_a_transfer_takes_the_proven_value_and_not_what_is_typed_beside_it():
    both_kinds(email_address_required=True, phone_number_required=True)
    visitor = proven()
    answer = visitor.sign_up(transfer=True, email_address="victim@example.com", phone_number=PHONE)
    assert answer.json()["response"]["email_address"] == EMAIL
    assert answer.json()["response"]["unverified_fields"] == ["phone_number"]
    assert not get_user_model().objects.exists()


def test_an_identifier_taken_since_signs_its_owner_in():
    visitor = proven()
    jane = joined().signed_in
    assert visitor.sign_up(transfer=True).json()["response"]["created_user_id"] == jane
    assert get_user_model().objects.count() == 1


def test_the_code_of_a_transfer_is_no_code_any_more():
    visitor = proven()
    assert errors(visitor.attempt(newest_code())) == ["verification_already_verified"]
    assert Flow.objects.get().user is None
