"""What the system checks find about addresses in the email fields of users."""

import pytest
from django.contrib.auth.models import User
from django.core.checks import run_checks
from django.db import connection

from passwordless_otp.checks import users
from passwordless_otp.models import Identifier
from tests.test_checks import LIVE, found, numbers, secure  # noqa: F401

pytestmark = pytest.mark.django_db


def seen(**options):
    """Return our warnings of these options of `check`, by their number."""
    messages = run_checks(**options)
    return {m.id.partition(".")[2]: f"{m.msg} {m.hint}" for m in messages if m.id.startswith("passwordless_otp.")}


@pytest.fixture(autouse=True)
def live(settings):
    settings.PASSWORDLESS_OTP = LIVE


def create(number):
    User.objects.bulk_create([User(username=f"u{n}", email=f"u{n}@example.com") for n in range(number)])


@pytest.mark.parametrize("options", [{"databases": ["default"]}, {"include_deployment_checks": True}])
def test_users_with_an_address_and_no_identifier_are_counted(options):
    create(3)
    User.objects.create_user("without")
    Identifier.objects.adopt(User.objects.get(username="u0"), "u0@example.com")
    assert seen(**options)["W014"].startswith("2 users have an email address and no identifier")
    assert "EXISTING_USERS ('link') decides" in seen(**options)["W014"]
    assert "otp_import --from users --trust" in seen(**options)["W014"]


def test_site_with_allauth_is_not_asked_to_vouch_for_addresses_that_allauth_has_not_verified(monkeypatch):
    create(1)
    monkeypatch.setattr(users.apps, "is_installed", "allauth.account".__eq__)
    hint = seen(databases=["default"])["W014"]
    assert ("--from allauth --trust" in hint, "--from users" in hint) == (True, False)


def test_users_are_not_counted_without_database_and_deploy():
    create(1)
    assert numbers() == []
    assert users.check_email_addresses(databases=["other"]) == []


def test_users_are_counted_once_by_deploy_with_a_database():
    create(1)
    messages = run_checks(include_deployment_checks=True, databases=["default"])
    assert [m.id for m in messages].count("passwordless_otp.W014") == 1


def test_nothing_is_found_where_all_have_identifiers():
    assert seen(databases=["default"]) == {}


@pytest.mark.postgres
def test_missing_index_is_told_with_the_statement_that_makes_it(monkeypatch):
    monkeypatch.setattr(users, "MANY_USERS", 2)
    create(2)
    assert "W015" not in seen(databases=["default"])
    User.objects.create_user("third")
    statement = 'CREATE INDEX CONCURRENTLY "auth_user_email_upper" ON "auth_user" (UPPER("email"))'
    assert f"Run {statement}." in seen(databases=["default"])["W015"]
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("CONCURRENTLY ", ""))
        assert "W015" not in seen(databases=["default"])
        cursor.execute("SET LOCAL enable_seqscan = off")
        assert "auth_user_email_upper" in User.objects.filter(email__iexact="u1@example.com").explain()
