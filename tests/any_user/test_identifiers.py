"""Signing up and in with any user model."""

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist

from passwordless_otp.models import Identifier, Message
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, errors, joined, newest_code, started

pytestmark = pytest.mark.django_db
WAYS = [("email_address", EMAIL, "email_code"), ("phone_number", PHONE, "phone_code")]


def email_field():
    model = get_user_model()
    try:
        return model._meta.get_field(model.get_email_field_name())
    except FieldDoesNotExist:
        return None


@pytest.mark.parametrize(("kind", "address", "strategy"), WAYS)
def test_person_who_signed_up_can_sign_in(kind, address, strategy):
    both_kinds()
    first, second = ApiVisitor(), ApiVisitor()
    first.sign_up(**{kind: address}, strategy=strategy)
    assert first.attempt(newest_code(address), strategy).json()["response"]["status"] == "complete"
    second.sign_in(address, strategy)
    assert second.attempt(newest_code(address), strategy).json()["response"]["status"] == "complete"
    assert first.signed_in == second.signed_in == f"user_{get_user_model().objects.get().pk}"


def test_returning_user_is_notified_of_a_sign_in_in_a_new_browser():
    joined()
    assert not Message.objects.filter(kind="security_notice")
    assert started().attempt(newest_code()).status_code == 200
    assert Message.objects.get(kind="security_notice").to == EMAIL


def test_people_with_only_a_phone_number_are_different_users():
    both_kinds()
    for address in [PHONE, "+14155552672"]:
        visitor = ApiVisitor()
        visitor.sign_up(phone_number=address, strategy="phone_code")
        assert visitor.attempt(newest_code(address), "phone_code").status_code == 200
    assert get_user_model().objects.count() == 2


def test_a_second_sign_up_makes_a_second_user():
    assert joined().signed_in != joined("joan@example.com").signed_in
    assert get_user_model().objects.count() == 2


def test_a_sign_up_with_a_taken_identifier_signs_its_owner_in():
    assert joined().signed_in == joined().signed_in
    assert get_user_model().objects.count() == 1


def test_email_field_of_user_is_filled_if_there_is_one():
    joined()
    user = get_user_model().objects.get()
    field = email_field()
    assert field is None or getattr(user, field.name) == EMAIL
    assert not user.has_usable_password()


def plain_user(email):
    """A user whom the site had before, with this address in the email field if there is one."""
    model, field = get_user_model(), email_field()
    values = {model.USERNAME_FIELD: "plain"} | ({field.name: email} if field else {})
    user = model(**values)
    user.set_password("theirs")
    user.save()
    return user


@pytest.mark.parametrize("spelling", [EMAIL, EMAIL.title()])
def test_plain_user_is_linked_by_the_email_field_in_any_case(spelling):
    user = plain_user(spelling)
    assert (joined().signed_in == f"user_{user.pk}") == (email_field() is not None)


@pytest.mark.parametrize("spelling", [EMAIL, EMAIL.title()])
def test_plain_user_who_is_not_linked_is_refused_in_any_case(settings, spelling):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "EXISTING_USERS": "refuse"}
    plain_user(spelling)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    answer = visitor.attempt(newest_code(EMAIL))
    if email_field() is not None:
        assert (answer.status_code, errors(answer)) == (409, ["identification_claimed"])
        assert not Identifier.objects.exists()
    else:
        assert answer.json()["response"]["status"] == "complete"
