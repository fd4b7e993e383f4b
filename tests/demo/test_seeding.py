"""What the demo starts with."""

import pytest

from example_project import seeding
from passwordless_otp.models import InstanceSettings
from tests.visitor import operate

pytestmark = pytest.mark.django_db


def test_the_demo_takes_numbers_of_every_country_until_its_operator_says_otherwise():
    seeding.switch_on()
    settings = InstanceSettings.objects.get()
    assert settings.serves("+4915123456789")
    assert settings.serves("+819012345678")
    operate(sms_countries=["DE"])
    seeding.switch_on()
    assert InstanceSettings.objects.get().sms_countries == ["DE"]
