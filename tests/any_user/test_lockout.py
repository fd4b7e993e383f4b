"""Settings that would make users whom the site's own model does not take."""

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError

from passwordless_otp.models import InstanceSettings
from tests.visitor import PHONE, ApiVisitor, both_kinds, errors, newest_code

pytestmark = pytest.mark.django_db


def needs_email():
    model = get_user_model()
    fields = {field.name: field for field in model._meta.get_fields()}
    email = fields.get(model.get_email_field_name())
    return email is not None and email.unique and not email.null


def test_sign_up_by_phone_alone_is_refused_where_every_user_needs_an_email():
    settings = InstanceSettings(
        phone_number_enabled=True, phone_number_used_for_identification=True, phone_code=True
    )
    if not needs_email():
        settings.full_clean()
        return
    with pytest.raises(ValidationError, match="needs an email address"):
        settings.full_clean()
    settings.email_address_required = True
    settings.full_clean()


def test_where_it_is_done_all_the_same_the_second_one_is_told():
    both_kinds()
    for last in range(2):
        visitor = ApiVisitor()
        visitor.sign_up(phone_number=f"{PHONE[:-1]}{last}", strategy="phone_code")
        answer = visitor.attempt(newest_code(), "phone_code")
    if needs_email():
        assert errors(answer) == ["identification_claimed"]
    else:
        assert answer.status_code == 200
