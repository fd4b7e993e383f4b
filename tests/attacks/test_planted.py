"""Somebody else knows this browser's cookie: planted it, or copied it. What is proven afterwards is not hers."""

import pytest

from passwordless_otp.flows import sign_up
from passwordless_otp.identifiers import Strategy
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.visitor import Visitor
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, errors, joined, newest_code, operate

BROWSER = Visitor("x" * 64, "y" * 64, "")
pytestmark = pytest.mark.django_db
OTHER = "mallory@example.com"


def test_a_proof_that_leaves_something_missing_brings_a_new_cookie():
    joined(EMAIL)
    operate(first_name="required")
    attacker = ApiVisitor()
    attacker.sign_up()
    victim = attacker.twin()
    victim.sign_up(email_address=EMAIL, strategy="email_code")
    victim.attempt(newest_code(EMAIL))
    attacker.flow = victim.flow
    assert errors(attacker.update(first_name="x")) == ["resource_not_found"]
    assert attacker.signed_in is None
    assert attacker.get("client").json()["client"]["sign_up"] is None
    assert victim.update(first_name="Jane").json()["response"]["status"] == "complete"


def test_a_proof_to_be_transferred_brings_a_new_cookie():
    operate(first_name="required")
    attacker = ApiVisitor()
    attacker.sign_in(OTHER)
    victim = attacker.twin()
    victim.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    victim.attempt(newest_code(EMAIL))
    assert errors(attacker.sign_up(transfer=True)) == ["account_transfer_invalid"]
    assert victim.sign_up(transfer=True).json()["response"]["email_address"] == EMAIL


def test_what_an_attacker_has_proven_in_it_is_no_part_of_the_victims_account():
    both_kinds()
    attacker = ApiVisitor()
    attacker.sign_up()
    victim = attacker.twin()
    attacker.sign_up(phone_number=PHONE, email_address=EMAIL, strategy="phone_code")
    attacker.attempt(newest_code(PHONE), "phone_code")
    victim.sign_up(email_address=EMAIL, strategy="email_code")
    victim.attempt(newest_code(EMAIL))
    assert victim.signed_in
    assert [a["phone_number"] for a in victim.get("me").json()["response"]["phone_numbers"]] == []


def test_a_transfer_takes_what_this_sign_in_has_proven():
    first = ApiVisitor()
    first.sign_in(OTHER, "email_code", sign_up_if_missing=True)
    first.attempt(newest_code(OTHER))
    second = first.twin()
    second.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    second.attempt(newest_code(EMAIL))
    assert second.sign_up(transfer=True).json()["response"]["email_address"] == EMAIL


def test_sign_out_voids_what_might_have_been_transferred():
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    visitor.attempt(newest_code())
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    visitor.sign_in("nobody@example.com")
    assert errors(visitor.sign_up(transfer=True)) == ["account_transfer_invalid"]
    assert Verification.objects.get().status == "expired"


def test_a_sign_up_completes_from_what_its_row_says():
    both_kinds(first_name="optional", last_name="optional")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=OTHER, strategy="email_code")
    one, two = (Flow.objects.get(pk=visitor.flow[4:]) for _ in "12")
    sign_up.update(InstanceSettings.current(), one, BROWSER, {"email_address": EMAIL, "first_name": "Jane"})
    flow = sign_up.attempt(InstanceSettings.current(), two, BROWSER, Strategy.EMAIL_CODE, newest_code(OTHER))
    assert flow.status == "open"
    assert flow.email_address == EMAIL
    three, four = (Flow.objects.get(pk=visitor.flow[4:]) for _ in "12")
    sign_up.update(InstanceSettings.current(), three, BROWSER, {"last_name": "Doe"})
    sign_up.update(InstanceSettings.current(), four, BROWSER, {"first_name": "J"})
    assert Flow.objects.get().details["last_name"] == "Doe"


@pytest.mark.parametrize("depth", [19, 25, 900, 908, 911, 3000])
def test_deep_metadata_is_refused_when_it_comes_and_breaks_nothing_later(depth):
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    answer = visitor.update(unsafe_metadata='{"a":' + "[" * depth + "]" * depth + "}")
    assert answer.status_code == (200 if depth < 20 else 422)
    assert visitor.attempt(newest_code()).status_code == 200


@pytest.mark.parametrize(
    "text", ['{"a": "\\u0000"}', '{"\\ud800": 1}', '{"a": 1, "a": 2}', '{"a": ["\\udc00x"]}']
)
def test_metadata_that_no_database_takes_is_refused(text):
    assert ApiVisitor().sign_up(unsafe_metadata=text).status_code == 422


def test_metadata_may_be_written_as_people_write_it():
    answer = ApiVisitor().sign_up(unsafe_metadata='{\n  "smile": "\\ud83d\\ude00", "slash": "\\\\u0000"\n}\n')
    assert answer.json()["response"]["unsafe_metadata"] == {"smile": "\U0001f600", "slash": "\\u0000"}


def test_no_cookie_is_set_where_no_flow_was_made():
    visitor = ApiVisitor()
    visitor.sign_in("nonsense")
    operate(sign_up_mode="closed")
    visitor.sign_up(email_address=EMAIL)
    assert not visitor.http.cookies


def test_a_transfer_is_answered_without_the_sign_in_that_it_ended():
    operate(username="required")
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    visitor.attempt(newest_code())
    assert visitor.sign_up(transfer=True).json()["client"]["sign_in"] is None


def test_a_requirement_that_is_dropped_lets_the_sign_up_end():
    operate(username="required")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(newest_code())
    operate(username="off")
    assert visitor.sign_up(email_address=EMAIL).json()["response"]["status"] == "complete"


def test_a_box_that_was_asked_for_later_sends_the_code_that_the_note_was_not():
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    assert visitor.attempt(newest_code()).status_code == 404
