"""What the demo saves before it serves: an operator, instance settings and a test address."""

import secrets
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.models import InstanceSettings, TestAddress
from passwordless_otp.models.instance_settings.sms import REGIONS

OPERATOR = "operator"
TEST_NUMBER, TEST_CODE = "+11111111111", "123456"
YEARS = 5
ON = [
    *("email_address_enabled", "email_address_used_for_identification", "email_code"),
    *("phone_number_enabled", "phone_number_used_for_identification", "phone_code"),
    "test_mode",
]


def make_operator() -> str:
    """Save the superuser with a new random password, and return the password."""
    password = secrets.token_urlsafe(9)
    users = get_user_model().objects
    operator = users.filter(username=OPERATOR).first() or users.model(username=OPERATOR)
    operator.is_active = operator.is_staff = operator.is_superuser = True
    operator.set_password(password)
    operator.save()
    return password


def switch_on() -> None:
    """Switch on email and phone, and test mode. Other settings of the operator stay as they are."""
    settings = InstanceSettings.objects.first() or InstanceSettings(
        application_name="Demo", sms_countries=REGIONS
    )
    for name in ON:
        setattr(settings, name, True)
    settings.full_clean()
    settings.save()


def list_test_number() -> None:
    """Save the test number with its fixed code."""
    until = timezone.localdate() + timedelta(days=365 * YEARS)
    TestAddress.objects.update_or_create(identifier=TEST_NUMBER, defaults={"code": TEST_CODE, "until": until})
