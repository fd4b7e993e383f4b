"""What the system checks find about addresses in the email fields of users."""

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection

from passwordless_otp.checks import users
from passwordless_otp.models import Identifier
from tests.test_checks import LIVE, found, numbers, secure  # noqa: F401

pytestmark = pytest.mark.django_db


def seen():
    """Return our warnings of `check --deploy`, by their number."""
    ours = [m for m in run_checks(include_deployment_checks=True) if m.id.startswith("passwordless_otp.")]
    return {m.id.partition(".")[2]: f"{m.msg} {m.hint}" for m in ours}


@pytest.fixture(autouse=True)
def live(settings):
    settings.PASSWORDLESS_OTP = LIVE


def create(number):
    User.objects.bulk_create([User(username=f"u{n}", email=f"u{n}@example.com") for n in range(number)])


def test_users_with_an_address_and_no_identifier_are_counted():
    create(3)
    User.objects.create_user("without")
    Identifier.objects.adopt(User.objects.get(username="u0"), "u0@example.com")
    assert seen()["W014"].startswith("2 users have an email address and no identifier")
    assert "EXISTING_USERS ('link') decides" in seen()["W014"]
    assert "otp_import --from users --trust" in seen()["W014"]


def test_site_with_allauth_is_not_asked_to_vouch_for_addresses_that_allauth_has_not_verified(monkeypatch):
    create(1)
    monkeypatch.setattr(users.apps, "is_installed", "allauth.account".__eq__)
    hint = seen()["W014"]
    assert ("--from allauth --trust" in hint, "--from users" in hint) == (True, False)


def test_users_are_not_counted_without_deploy():
    create(1)
    assert numbers() == []


def test_nothing_is_found_where_all_have_identifiers():
    assert "W014" not in seen()


@pytest.mark.postgres
def test_missing_index_is_told_with_the_statement_that_makes_it(monkeypatch):
    monkeypatch.setattr(users, "MANY_USERS", 2)
    create(2)
    assert "W015" not in seen()
    User.objects.create_user("third")
    statement = 'CREATE INDEX CONCURRENTLY "auth_user_email_upper" ON "auth_user" (UPPER("email"))'
    assert f"Run {statement}." in seen()["W015"]
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("CONCURRENTLY ", ""))
        assert "W015" not in seen()
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "auth_user_email_upper" in User.objects.filter(email__iexact="u1@example.com").explain()
