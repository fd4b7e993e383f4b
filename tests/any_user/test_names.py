"""Names and usernames with any user model."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp import users
from tests.visitor import ApiVisitor, errors, joined, newest_code, operate

pytestmark = pytest.mark.django_db


def test_names_are_saved_if_the_user_model_has_fields():
    operate(first_name="optional", last_name="optional")
    joined(first_name="Jane", last_name="Roe")
    user = get_user_model().objects.get()
    fields = {field.name for field in user._meta.get_fields()}
    for name, value in {"first_name": "Jane", "last_name": "Roe"}.items():
        assert name not in fields or getattr(user, name) == value


def test_username_is_saved_unless_the_user_model_uses_email():
    operate(username="required")
    joined(username="jane")
    user, field = get_user_model().objects.get(), users.username_field()
    assert field is None or getattr(user, field.name) == "jane"


def test_user_without_username_gets_a_random_one():
    for address in ["jane@example.com", "joan@example.com"]:
        joined(address)
    names = {user.get_username() for user in get_user_model().objects.all()}
    assert len(names) == 2
    assert all(names)


def test_taken_username_is_refused_if_it_is_saved():
    operate(username="required")
    joined(username="jane")
    other = ApiVisitor()
    answer = other.sign_up(email_address="joan@example.com", username="jane", strategy="email_code")
    if users.username_field() is None:
        assert other.attempt(newest_code()).status_code == 200
    else:
        assert errors(answer) == ["form_identifier_exists"]
