"""The email field follows the primary identifier with any user model."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp import email_field
from passwordless_otp.errors import IdentificationClaimed
from passwordless_otp.models import Identifier
from tests.visitor import EMAIL, PHONE, both_kinds, joined

pytestmark = pytest.mark.django_db
NEW = "new@example.com"


def plain(email):
    """Return a user with this in the email field, if the model has one."""
    model = get_user_model()
    user = model(**{model.USERNAME_FIELD: "plain"})
    if email_field.find():
        setattr(user, email_field.find().name, email)
    user.save()
    return user


def test_field_follows_and_a_clash_changes_nothing():
    joined()
    user, field = get_user_model().objects.get(), email_field.find()
    plain(NEW)
    Identifier.objects.adopt(user, NEW)
    rows = user.otp_identifiers
    try:
        with Identifier.objects.changing(user):
            rows.get(value=EMAIL).delete()
    except IdentificationClaimed:
        assert field.unique
        assert rows.count() == 2
    else:
        assert field is None or not field.unique
        assert rows.count() == 1
        assert email_field.of(get_user_model().objects.get(pk=user.pk)) == (NEW if field else "")


def test_field_is_emptied_with_the_last_address_where_it_may_be():
    both_kinds()
    joined()
    user = get_user_model().objects.get()
    Identifier.objects.adopt(user, PHONE)
    with Identifier.objects.changing(user):
        user.otp_identifiers.filter(value=EMAIL).delete()
    field = email_field.find()
    left = EMAIL if field is not None and not email_field.may_be_empty() else ""
    assert email_field.of(get_user_model().objects.get()) == left


def test_database_that_refuses_an_address_is_the_same_clash(monkeypatch):
    """Another request may be faster than the look at other users."""
    joined()
    user, field = get_user_model().objects.get(), email_field.find()
    if field is None or not field.unique:
        return
    plain(NEW)
    monkeypatch.setattr(email_field, "require_free", lambda user, value: None)
    Identifier.objects.adopt(user, NEW)
    with pytest.raises(IdentificationClaimed), Identifier.objects.changing(user):
        user.otp_identifiers.get(value=EMAIL).delete()
    assert user.otp_identifiers.count() == 2
