"""The rules of a sign-up."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Identifier, Message, TestAddress, Verification
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, errors, joined, newest_code, operate, param, wrong

pytestmark = pytest.mark.django_db
User = get_user_model()


def test_a_user_exists_only_after_proof():
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert not User.objects.exists()
    visitor.attempt(wrong(newest_code()))
    assert not User.objects.exists()
    answer = visitor.attempt(newest_code()).json()
    user = User.objects.get()
    assert answer["response"]["created_user_id"] == f"user_{user.pk}" == visitor.signed_in
    assert user.email == EMAIL
    assert not user.has_usable_password()
    assert Identifier.objects.get().identifier == ("email_address", EMAIL)


def test_both_kinds_can_be_required():
    both_kinds(email_address_required=True, phone_number_required=True)
    visitor = ApiVisitor()
    answer = visitor.sign_up(email_address=EMAIL).json()["response"]
    assert answer["missing_fields"] == ["phone_number"]
    assert answer["unverified_fields"] == ["email_address"]
    visitor.prepare()
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "missing_requirements"
    assert visitor.update(phone_number=PHONE).json()["response"]["unverified_fields"] == ["phone_number"]
    visitor.prepare("phone_code")
    assert visitor.attempt(newest_code(PHONE), "phone_code").json()["response"]["status"] == "complete"
    assert User.objects.get().otp_identifiers.count() == 2
    assert visitor.signed_in


def test_names_are_asked_for_as_the_operator_says():
    operate(first_name="required", last_name="optional", username="required")
    visitor = ApiVisitor()
    answer = visitor.sign_up(email_address=EMAIL, strategy="email_code", last_name="Doe").json()["response"]
    assert answer["required_fields"] == ["first_name", "username"]
    assert answer["optional_fields"] == ["email_address", "last_name"]
    assert answer["missing_fields"] == ["first_name", "username"]
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "missing_requirements"
    assert visitor.update(first_name="Jane", username="jane").json()["response"]["status"] == "complete"
    user = User.objects.get()
    assert (user.first_name, user.last_name, user.username) == ("Jane", "Doe", "jane")
    assert visitor.signed_in == f"user_{user.pk}"


def test_a_name_that_is_off_is_ignored():
    joined(first_name="Mallory", username="root")
    user = User.objects.get()
    assert user.first_name == ""
    assert user.username != "root"


def test_a_taken_username_is_told_always():
    operate(username="optional")
    joined(username="jane")
    answer = ApiVisitor().sign_up(email_address="b@example.com", username="jane")
    assert errors(answer) == ["form_identifier_exists"]
    assert param(answer) == "username"


def test_a_username_taken_meanwhile_leaves_the_proof_and_the_sign_up_open():
    operate(username="required")
    visitor = ApiVisitor()
    visitor.sign_up(email_address="b@example.com", username="jane", strategy="email_code")
    joined(username="jane")
    answer = visitor.attempt(newest_code("b@example.com"))
    assert errors(answer) == ["form_identifier_exists"]
    assert param(answer) == "username"
    assert visitor.read()["verifications"]["email_address"]["status"] == "verified"
    assert visitor.update(username="jane2").json()["response"]["status"] == "complete"
    assert User.objects.get(username="jane2").email == "b@example.com"


@pytest.mark.parametrize("username", ["a b", "a/b", "x" * 151, "\0"])
def test_a_username_is_one_that_the_model_takes(username):
    operate(username="optional")
    answer = ApiVisitor().sign_up(email_address=EMAIL, username=username)
    assert errors(answer) == ["form_param_format_invalid"]
    assert param(answer) == "username"


def test_neither_kind_required_means_one_of_them():
    both_kinds()
    answer = ApiVisitor().create("sign_up").json()["response"]
    assert answer["required_fields"] == []
    assert answer["optional_fields"] == ["email_address", "phone_number"]
    assert answer["missing_fields"] == ["email_address"]
    answer = ApiVisitor().sign_up(phone_number=PHONE).json()["response"]
    assert answer["missing_fields"] == []
    assert answer["verifications"]["phone_number"] == {
        "object": "verification_otp",
        "status": "unverified",
        "strategy": "",
        "attempts": None,
        "expire_at": None,
        "resend_at": None,
        "code_length": 6,
        "code_alphabet": "digits",
        "channel": "sms",
        "error": None,
        "next_action": "needs_prepare",
        "supported_strategies": ["phone_code"],
    }


def test_what_does_not_identify_can_not_alone_sign_up():
    operate(phone_number_enabled=True, phone_code=True)
    visitor = ApiVisitor()
    answer = visitor.sign_up(phone_number=PHONE, strategy="phone_code").json()["response"]
    assert answer["missing_fields"] == ["email_address"]
    assert visitor.attempt(newest_code(), "phone_code").json()["response"]["status"] == "missing_requirements"
    assert not User.objects.exists()


def test_only_the_identifiers_that_stand_in_the_flow_are_proven():
    visitor = ApiVisitor()
    visitor.sign_up(email_address="mallory@example.com", strategy="email_code")
    code = newest_code()
    visitor.update(email_address=EMAIL)
    assert errors(visitor.attempt(code)) == ["verification_missing"]
    visitor.prepare()
    assert errors(visitor.attempt(code)) == ["form_code_incorrect"] or code == newest_code()


def test_a_proven_identifier_that_is_changed_has_to_be_proven_again():
    operate(first_name="required")
    visitor = ApiVisitor()
    visitor.sign_up(email_address="mallory@example.com", strategy="email_code")
    visitor.attempt(newest_code())
    answer = visitor.update(email_address=EMAIL, first_name="M").json()["response"]
    assert answer["unverified_fields"] == ["email_address"]
    assert not User.objects.exists()


def test_a_value_that_comes_back_has_its_tries_still():
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    for _ in range(4):
        visitor.attempt(wrong(newest_code()))
    visitor.update(email_address="b@example.com")
    visitor.update(email_address=EMAIL)
    assert errors(visitor.attempt(wrong(newest_code(EMAIL)))) == ["verification_failed"]
    assert errors(visitor.prepare()) == ["verification_failed"]


def test_proving_a_taken_identifier_signs_its_owner_in_and_changes_nothing_of_hers():
    operate(first_name="optional")
    owner = joined(first_name="Jane").signed_in
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, first_name="Mallory", strategy="email_code")
    assert visitor.attempt(newest_code()).json()["response"]["created_user_id"] == owner
    assert visitor.signed_in == owner
    assert User.objects.get().first_name == "Jane"


def test_who_signs_up_again_is_told_unless_the_browser_is_theirs():
    visitor = joined()
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    for browser in [visitor, ApiVisitor()]:
        browser.sign_up(email_address=EMAIL, strategy="email_code")
        assert browser.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert Message.objects.filter(kind="security_notice").count() == 1


def test_test_address_signs_up_with_its_fixed_code_and_gets_no_message():
    operate(test_mode=True)
    TestAddress.objects.create(identifier=EMAIL, code="123456", until="2999-01-01")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert not memory.sent
    assert visitor.attempt("123456").json()["response"]["status"] == "complete"


def test_both_of_one_owner_sign_her_in_one_of_them_is_claimed():
    owner = joined().signed_in
    both_kinds()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, phone_number=PHONE, strategy="email_code")
    assert visitor.attempt(newest_code(EMAIL)).json()["response"]["status"] == "missing_requirements"
    visitor.prepare("phone_code")
    assert errors(visitor.attempt(newest_code(PHONE), "phone_code")) == ["identification_claimed"]
    assert visitor.signed_in is None
    assert not Identifier.objects.filter(value=PHONE).exists()

    Identifier.objects.create(user=User.objects.get(), kind="phone_number", value=PHONE)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, phone_number=PHONE, strategy="email_code")
    visitor.attempt(newest_code(EMAIL))
    visitor.prepare("phone_code")
    assert visitor.attempt(newest_code(PHONE), "phone_code").json()["response"]["created_user_id"] == owner


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_staff": True}, {"is_superuser": True}])
def test_an_owner_who_may_not_sign_in_is_claimed_after_proof(change):
    joined()
    User.objects.update(**change)
    visitor = ApiVisitor()
    assert visitor.sign_up(email_address=EMAIL, strategy="email_code").status_code == 200
    assert errors(visitor.attempt(newest_code())) == ["identification_claimed"]
    assert visitor.signed_in is None


def test_with_protection_off_a_taken_identifier_is_told_at_once():
    joined()
    operate(enumeration_protection=False)
    memory.sent.clear()
    answer = ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert errors(answer) == ["form_identifier_exists"]
    assert param(answer) == "email_address"
    assert not memory.sent


def test_a_closed_sign_up_is_refused_at_every_step():
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    operate(sign_up_mode="closed")
    for answer in [
        visitor.prepare(),
        visitor.attempt(newest_code()),
        visitor.update(email_address="b@example.com"),
        ApiVisitor().sign_up(email_address=EMAIL),
    ]:
        assert answer.status_code == 403
        assert errors(answer) == ["sign_up_mode_restricted"]
    assert not User.objects.exists()


def test_metadata_that_nobody_vouches_for_reaches_the_hook(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "CREATE_USER": "tests.hooks.create_with_plan"}
    joined(unsafe_metadata='{"plan": "gold"}')
    assert User.objects.get().last_name == "gold"


@pytest.mark.parametrize(
    "text", ["[]", "x", "{", '{"a": NaN}', '{"a": 1e999}', "[" * 5000, '{"a": "' + "x" * 9000 + '"}']
)
def test_metadata_is_a_small_json_object(text):
    answer = ApiVisitor().sign_up(email_address=EMAIL, unsafe_metadata=text)
    assert errors(answer) == ["form_param_format_invalid"]
    assert param(answer) == "unsafe_metadata"


def test_a_hook_that_breaks_leaves_nobody_half_made_and_the_code_good(settings):
    given = settings.PASSWORDLESS_OTP
    settings.PASSWORDLESS_OTP = {**given, "CREATE_USER": "tests.hooks.create_and_break"}
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    with pytest.raises(RuntimeError, match="broken hook"):
        visitor.attempt(newest_code())
    assert not User.objects.exists()
    settings.PASSWORDLESS_OTP = given
    assert visitor.attempt(newest_code()).status_code == 200


def test_a_hook_that_meets_a_constraint_spends_the_code(settings):
    User.objects.create_user("fixed")
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "CREATE_USER": "tests.hooks.create_fixed"}
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert errors(visitor.attempt(newest_code())) == ["identification_claimed"]
    assert errors(visitor.attempt(newest_code())) == ["verification_already_verified"]
    assert not Identifier.objects.exists()


def test_the_same_identifiers_go_on_and_other_fields_change_in_place():
    operate(first_name="optional")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    flow, code = visitor.flow, newest_code()
    answer = visitor.sign_up(email_address="Jane@Example.com", first_name="Jane").json()["response"]
    assert visitor.flow == flow
    assert answer["first_name"] == "Jane"
    assert visitor.attempt(code).status_code == 200
    assert User.objects.get().first_name == "Jane"


def test_prepare_of_a_kind_not_given_names_it():
    both_kinds()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL)
    answer = visitor.prepare("phone_code")
    assert errors(answer) == ["form_param_missing"]
    assert param(answer) == "phone_number"
    assert errors(ApiVisitor().sign_up(email_address=EMAIL, strategy="phone_code")) == ["form_param_missing"]
    assert Flow.objects.count() == 1


def test_a_kind_switched_off_meanwhile_is_not_proven_any_more():
    both_kinds()
    visitor = ApiVisitor()
    visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    operate(phone_number_used_for_identification=False, phone_number_enabled=False)
    assert errors(visitor.attempt(newest_code(), "phone_code")) == ["form_param_value_disabled"]
    assert visitor.read()["missing_fields"] == ["email_address"]
    assert Verification.objects.get().tries == 0
