"""One request removes a user's address while another one adds a new address."""

import threading
import time

import pytest
from django.contrib.auth.models import User

from passwordless_otp import email_field
from passwordless_otp.models import Identifier
from tests.races.threads import together
from tests.visitor import EMAIL

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
NEW = "new@example.com"
HELD = 0.3  # seconds for which the first transaction stays open


def remove_and_add_at_once():
    """Return whether the new identifier is primary at the end, and what the email field holds."""
    user, removed = User.objects.create_user("jane", EMAIL), threading.Event()
    Identifier.objects.adopt(user, EMAIL)

    def remove():
        with Identifier.objects.changing(user):
            Identifier.objects.filter(value=EMAIL).delete()
            removed.set()
            time.sleep(HELD)

    def add():
        removed.wait(10)
        Identifier.objects.adopt(User.objects.get(), NEW)

    together([remove, add])
    return Identifier.objects.get().primary, User.objects.get().email


def test_change_waits_for_the_one_that_is_under_way():
    assert remove_and_add_at_once() == (True, NEW)


def test_without_the_lock_the_new_address_is_not_primary(monkeypatch):
    monkeypatch.setattr(email_field, "locked", lambda users: {user.pk: email_field.of(user) for user in users})
    assert not remove_and_add_at_once()[0]
