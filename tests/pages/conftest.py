"""A visitor, and what the operator has set."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, InstanceSettings, settings_cache
from passwordless_otp.testing.journeys import PageJourney

SIGN_IN = "/auth/sign-in/"
SIGN_IN_VERIFY = "/auth/sign-in/verify/"
SIGN_UP = "/auth/sign-up/"
SIGN_UP_VERIFY = "/auth/sign-up/verify/"
SIGN_OUT = "/auth/sign-out/"
EMAIL = "jane@example.com"
PHONE = "+14155552671"


@pytest.fixture(autouse=True)
def database(db):
    """Every page looks at the instance settings."""


@pytest.fixture
def configure():
    """Save instance settings."""

    def save(**changes):
        settings = InstanceSettings.objects.filter(pk=1).first() or InstanceSettings()
        for name, value in changes.items():
            setattr(settings, name, value)
        settings.save()
        settings_cache.clear()

    return save


@pytest.fixture
def both(configure):
    """Email and phone are on, neither is required."""
    configure(phone_number_enabled=True, phone_number_used_for_identification=True, phone_code=True)


@pytest.fixture
def visitor():
    """A browser that no test framework spares the CSRF check."""
    return PageVisitor()


@pytest.fixture
def make_user():
    """Save a user who holds these identifiers."""

    def make(*values, **fields):
        number = get_user_model().objects.count()
        user = get_user_model().objects.create_user(username=f"user{number}", **fields)
        for value in values:
            kind = "email_address" if "@" in value else "phone_number"
            Identifier.objects.create(user=user, kind=kind, value=value)
        return user

    return make


class PageVisitor(PageJourney):
    """A browser that no test client spares the CSRF check."""

    def __init__(self, **options):
        super().__init__(enforce_csrf_checks=True, **options)

    def ask(self, identifier=EMAIL, **data):
        return self.sign_in(identifier, **data)

    @property
    def user_id(self):
        return self.signed_in


def newest_code():
    return memory.sent[-1].code


def wrong_code():
    return "000000" if newest_code() != "000000" else "111111"


def text_of(response):
    return response.content.decode()
