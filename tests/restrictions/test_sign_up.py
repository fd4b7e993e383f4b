"""Sign-ups outside the restrictions are refused at every step, for taken and free identifiers alike."""

import builtins
import importlib.util

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from passwordless_otp import checks
from passwordless_otp.models import InstanceSettings, Message, restrictions
from tests.restrictions.entries import allow, block
from tests.visitor import (
    EMAIL,
    PHONE,
    ApiVisitor,
    both_kinds,
    errors,
    joined,
    newest_code,
    operate,
    param,
    started,
)

pytestmark = pytest.mark.django_db
BLOCKED, NOT_ALLOWED = ["form_email_address_blocked"], ["not_allowed_access"]


def refusal(**given):
    answer = ApiVisitor().sign_up(**given)
    return errors(answer) if answer.status_code == 403 else None


def starting(**given):
    visitor = ApiVisitor()
    assert visitor.sign_up(strategy="email_code", **given).status_code == 200
    return visitor


@pytest.mark.parametrize("taken", [True, False])
def test_a_blocked_address_is_refused_and_nothing_is_sent(taken):
    if taken:
        joined("eve@example.com")
    sent = Message.objects.count()
    block("eve@example.com")
    answer = ApiVisitor().sign_up(email_address="eve@example.com", strategy="email_code")
    assert (answer.status_code, errors(answer), param(answer)) == (403, BLOCKED, "email_address")
    assert Message.objects.count() == sent


@pytest.mark.parametrize(
    ("entry", "spelling"),
    [
        ("eve@example.com", " EVE@Example.COM "),
        ("eve@example.com", "eve+news@example.com"),
        ("eve@example.com", "eve+@example.com"),
        ("eve@example.com", "eve@example.com."),
        ("eve@example.com", "ｅve@example.com"),
        ("eve@example.com", "eve＠example.com"),
        ("eve@example.com", "eve@example\u3002com"),
        ("@bücher.example", "eve@BÜCHER.example"),
        ("@bücher.example", "eve@xn--bcher-kva.example"),
        ("@bücher.example", "eve@XN--BCHER-KVA.example"),
        ("@bücher.example", "eve@bu\u0308cher.example"),
        ("@kelvin.example", "eve@\u212aelvin.example"),
        ("@example.com", "eve@example.com\u200b"),
        ("@*.example.com", "eve@MAIL.example.com"),
    ],
)
def test_no_spelling_gets_around_an_entry(entry, spelling):
    block(entry)
    assert ApiVisitor().sign_up(email_address=spelling, strategy="email_code").status_code in {403, 422}
    assert not Message.objects.exists()


def test_a_blocked_number_is_refused_in_every_spelling():
    both_kinds()
    block("+1415*")
    for spelling in [PHONE, "+1 (415) 555-2671", "＋１４１５５５５２６７１"]:
        answer = ApiVisitor().sign_up(phone_number=spelling, strategy="phone_code")
        assert (answer.status_code, errors(answer), param(answer)) == (403, NOT_ALLOWED, "phone_number")


def test_where_sign_up_is_restricted_only_those_on_the_list_sign_up():
    operate(sign_up_mode="restricted")
    assert refusal(email_address=EMAIL) == NOT_ALLOWED
    allow("@example.com")
    assert refusal(email_address=EMAIL) is None
    assert refusal(email_address="jane@elsewhere.example") == NOT_ALLOWED
    assert joined().signed_in


def test_one_allowed_identifier_is_enough_but_one_blocked_is_too_much():
    both_kinds(sign_up_mode="restricted")
    allow("@example.com")
    assert refusal(email_address=EMAIL, phone_number=PHONE) is None
    block(PHONE)
    assert refusal(email_address=EMAIL, phone_number=PHONE) == NOT_ALLOWED


def test_a_tag_is_refused_where_the_operator_says_so_unless_it_is_allowed():
    tagged = "jane+news@example.com"
    assert refusal(email_address=tagged) is None
    operate(block_subaddresses=True)
    assert refusal(email_address=tagged) == BLOCKED
    assert refusal(email_address="jane@example.com") is None
    allow("@example.com")
    assert refusal(email_address=tagged) is None


@pytest.mark.parametrize("domain", ["mailinator.com", "mx.mailinator.com", "MAILINATOR.com"])
def test_a_disposable_address_is_refused_where_the_operator_says_so(domain):
    assert refusal(email_address=f"jane@{domain}") is None
    operate(block_disposable=True)
    assert refusal(email_address=f"jane@{domain}") == BLOCKED
    assert refusal(email_address="jane@example.com") is None


def test_without_the_list_the_switch_is_refused_and_does_nothing(monkeypatch):
    InstanceSettings(block_disposable=True).full_clean()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        restrictions, "find_spec", lambda name: None if name == restrictions.PACKAGE else find(name)
    )
    with pytest.raises(ValidationError, match="disposable") as refused:
        InstanceSettings(block_disposable=True).full_clean()
    assert list(refused.value.message_dict) == ["block_disposable"]
    operate(block_disposable=True)
    assert refusal(email_address="jane@mailinator.com") is None
    assert "passwordless_otp.W013" in [found.id for found in checks.check_deployment()]


def test_where_there_is_a_list_no_check_complains():
    operate(block_disposable=True)
    assert "passwordless_otp.W013" not in [found.id for found in checks.check_deployment()]


def test_the_list_is_only_imported_where_it_is_asked_for(monkeypatch):
    def refuse(name, *args, real=builtins.__import__, **options):
        assert name != restrictions.PACKAGE
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    assert refusal(email_address="jane@mailinator.com") is None


STEPS = {
    "prepare": lambda visitor, code: visitor.prepare(),
    "attempt": lambda visitor, code: visitor.attempt(code),
    "update": lambda visitor, code: visitor.update(first_name="Jane"),
    "the same again": lambda visitor, code: visitor.sign_up(email_address=EMAIL, strategy="email_code"),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("changed", ["blocked", "restricted", None])
def test_a_restriction_saved_during_a_sign_up_holds_from_its_next_step_on(step, changed):
    operate(first_name="optional")
    visitor = starting(email_address=EMAIL)
    code = newest_code()
    if changed == "blocked":
        block("@example.com")
    elif changed == "restricted":
        operate(sign_up_mode="restricted")
    answer = STEPS[step](visitor, code)
    if changed is None:  # the negative control
        assert answer.status_code == 200
        return
    assert answer.status_code == 403
    assert errors(answer) == (BLOCKED if changed == "blocked" else NOT_ALLOWED)
    assert not get_user_model().objects.exists()


def test_a_sign_up_can_not_change_to_a_blocked_address():
    visitor = starting(email_address=EMAIL)
    block("@elsewhere.example")
    assert errors(visitor.update(email_address="eve@elsewhere.example")) == BLOCKED
    assert visitor.read()["email_address"] == EMAIL


def test_a_proof_from_a_sign_in_does_not_get_around_a_restriction_saved_since():
    visitor = started(sign_up_if_missing=True)
    assert errors(visitor.attempt(newest_code())) == ["sign_up_if_missing_transfer"]
    block(EMAIL)
    assert errors(visitor.sign_up(transfer=True)) == BLOCKED
    assert not get_user_model().objects.exists()


def test_the_environment_tells_front_ends_what_is_restricted():
    def enabled():
        sign_up = ApiVisitor().get("environment").json()["user_settings"]
        return sign_up["sign_up"]["mode"], [name for name, v in sign_up["restrictions"].items() if v["enabled"]]

    assert enabled() == ("public", [])
    allow("@example.com")
    assert enabled() == ("public", [])
    block("@elsewhere.example")
    operate(sign_up_mode="restricted", block_subaddresses=True, block_disposable=True)
    assert enabled() == (
        "public", ["allowlist", "blocklist", "block_email_subaddresses", "block_disposable_email_domains"],
    )  # fmt: skip


def test_who_is_on_the_list_can_not_be_asked_for_in_bulk():
    operate(sign_up_mode="restricted", limits={"ip_flows": 5})
    answers = [ApiVisitor().sign_up(email_address=f"u{number}@example.com") for number in range(7)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2


def test_nor_by_changing_the_address_of_a_sign_up():
    operate(sign_up_mode="restricted", limits={"ip_flows": 5})
    allow(EMAIL)
    visitor = starting(email_address=EMAIL)
    answers = [visitor.update(email_address=f"u{number}@example.com") for number in range(6)]
    assert [answer.status_code for answer in answers] == [403] * 4 + [429] * 2
    assert visitor.read()["email_address"] == EMAIL


def test_a_proven_identifier_that_is_allowed_is_enough_for_a_transfer():
    both_kinds(sign_up_mode="restricted")
    allow(EMAIL)
    visitor = started(sign_up_if_missing=True)
    visitor.attempt(newest_code())
    answer = visitor.sign_up(transfer=True, phone_number=PHONE)
    assert answer.status_code == 200
    assert answer.json()["response"]["unverified_fields"] == ["phone_number"]
    assert refusal(phone_number=PHONE) == NOT_ALLOWED


def test_a_transfer_may_not_bring_a_blocked_identifier_and_the_answer_is_paid():
    both_kinds(limits={"ip_flows": 5})
    block(PHONE)
    visitor = started(sign_up_if_missing=True)
    visitor.attempt(newest_code())
    answers = [visitor.sign_up(transfer=True, phone_number=PHONE).status_code for _ in range(7)]
    assert answers == [403] * 4 + [429] * 3  # the sign-in was a flow, too
