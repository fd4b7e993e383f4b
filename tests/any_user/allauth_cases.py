"""The addresses of the real django-allauth. Run by test_allauth.py in a site that has it."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed, email_confirmed, email_removed
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.management import call_command
from django.test import Client

from passwordless_otp.errors import IdentificationClaimed
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Identifier
from tests.docs import site
from tests.docs.blocks import ROOT
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, started

pytestmark = pytest.mark.django_db
NEW = "new@example.com"


def people():
    return get_user_model().objects


def addresses():
    """What allauth has: address, verified, primary."""
    return list(EmailAddress.objects.order_by("email").values_list("email", "verified", "primary"))


@pytest.fixture
def jane():
    return people().create_user("jane", EMAIL, "secret")


def test_user_who_signed_up_by_code_need_not_verify_again():
    joined()
    assert addresses() == [(EMAIL, True, True)]
    people().update(password=make_password("secret"))
    client = Client()
    answer = client.post("/accounts/login/", {"login": EMAIL, "password": "secret"})
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(people().get().pk)
    assert not mail.outbox


def test_adopted_address_is_verified_there_in_whatever_case_it_is(jane):
    EmailAddress.objects.create(user=jane, email="Jane@Example.com", primary=True)
    Identifier.objects.adopt(jane, EMAIL)
    Identifier.objects.adopt(jane, NEW)
    assert addresses() == [("Jane@Example.com", True, True), (NEW, True, False)]


def test_primary_and_removed_addresses_are_the_same_there(jane):
    EmailAddress.objects.create(user=jane, email="pending@example.com")
    for email in [EMAIL, NEW]:
        Identifier.objects.adopt(jane, email)
    with Identifier.objects.changing(jane):
        jane.otp_identifiers.get(value=EMAIL).delete()
    assert addresses() == [(NEW, True, True), ("pending@example.com", False, False)]
    assert people().get().email == NEW


def test_nothing_is_written_if_the_setting_is_off(jane, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "SYNC_EMAIL_FIELD": False}
    Identifier.objects.adopt(jane, EMAIL)
    joined(NEW)
    assert addresses() == []


def test_address_that_is_verified_for_another_user_is_a_clash_that_changes_nothing(jane):
    EmailAddress.objects.create(user=jane, email=NEW, verified=True)
    joan = people().create_user("joan", "joan@example.com")
    with pytest.raises(IdentificationClaimed):
        Identifier.objects.adopt(joan, NEW)
    assert not Identifier.objects.exists()
    assert people().get(pk=joan.pk).email == "joan@example.com"


def test_sign_up_with_an_address_verified_for_another_user_makes_no_second_user(jane):
    EmailAddress.objects.create(user=jane, email=NEW, verified=True)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=NEW, strategy="email_code")
    answer = visitor.attempt(newest_code(NEW))
    assert people().count() == 1
    assert answer.status_code == 200 or errors(answer) == ["identification_claimed"]


@pytest.mark.parametrize("kept", [True, False])
def test_address_verified_for_another_user_is_nobody_elses_whatever_the_setting(jane, settings, kept):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "SYNC_EMAIL_FIELD": kept}
    EmailAddress.objects.create(user=jane, email=NEW, verified=True)
    joan = people().create_user("joan", NEW)
    call_command("otp_import", "--from", "users", "--trust")
    with pytest.raises(IdentificationClaimed):
        Identifier.objects.adopt(joan, NEW)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=NEW, strategy="email_code")
    assert errors(visitor.attempt(newest_code(NEW))) == ["identification_claimed"]
    joan.delete()
    visitor = ApiVisitor()
    visitor.sign_up(email_address=NEW, strategy="email_code")
    assert errors(visitor.attempt(newest_code(NEW))) == ["identification_claimed"]
    assert list(Identifier.objects.values_list("value", flat=True)) == [EMAIL]
    assert people().count() == 1


def test_import_takes_verified_addresses_only_and_the_primary_one_first(jane, capsys):
    given = [("a@example.com", True, False), ("B@example.com", True, True), ("c@example.com", False, False)]
    for email, verified, primary in given:
        EmailAddress.objects.create(user=jane, email=email, verified=verified, primary=primary)
    for outcome in ["2 imported", "2 there already"]:
        call_command("otp_import", "--from", "allauth", "--trust")
        assert f"Email address: {outcome}." in capsys.readouterr().out
    saved = Identifier.objects.order_by("pk").values_list("value", "primary")
    assert list(saved) == [("b@example.com", True), ("a@example.com", False)]
    assert people().get().email == EMAIL
    assert started("a@example.com").attempt(newest_code("a@example.com")).status_code == 200


@pytest.fixture
def recipe(settings, monkeypatch):
    """The receivers of docs/migrating.md."""
    kept = settings.PASSWORDLESS_OTP
    module = site.run(ROOT / "docs/migrating.md", settings, monkeypatch)
    settings.PASSWORDLESS_OTP = kept
    module.MySiteConfig.ready(None)
    yield module
    email_confirmed.disconnect(module.adopt_confirmed)
    email_changed.disconnect(module.make_primary)
    email_removed.disconnect(module.forget_removed)


def test_address_that_was_changed_at_allauth_is_changed_here(recipe, jane):
    Identifier.objects.adopt(jane, EMAIL)
    client = Client()
    client.force_login(jane)
    client.post("/accounts/email/", {"action_add": "", "email": NEW})
    [link] = re.findall(r"http://\S+", mail.outbox[-1].body)
    client.post(link)
    assert set(Identifier.objects.values_list("value", flat=True)) == {EMAIL, NEW}
    client.post("/accounts/email/", {"action_primary": "", "email": NEW})
    client.post("/accounts/email/", {"action_remove": "", "email": EMAIL})
    assert addresses() == [(NEW, True, True)]
    assert list(Identifier.objects.values_list("kind", "value")) == [(Kind.EMAIL_ADDRESS, NEW)]
    assert people().get().email == NEW
    visitor = started(NEW)
    visitor.attempt(newest_code(NEW))
    assert visitor.signed_in == f"user_{jane.pk}"
