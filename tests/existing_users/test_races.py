"""Two browsers, or a browser and the site, at the same moment."""

import threading
import time
from contextlib import nullcontext

import pytest
from django.contrib.auth import get_user_model
from django.db import connections, transaction

from passwordless_otp import existing_users, signals, users
from passwordless_otp.models import Identifier
from passwordless_otp.models.identifiers import IdentifierManager
from tests.existing_users.people import existing, prove
from tests.races.threads import together
from tests.visitor import EMAIL, PHONE, ApiVisitor, newest_code, unlimited

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def wide():
    unlimited(tracked_only=["identifier_failures"])


@pytest.fixture
def links():
    received = []

    def receive(user, **kwargs):
        received.append(user)

    signals.existing_user_linked.connect(receive)
    yield received
    signals.existing_user_linked.disconnect(receive)


def prove_at_once(number):
    visitors, steps = [ApiVisitor() for _ in range(number)], []
    for visitor in visitors:
        visitor.sign_up(email_address=EMAIL, strategy="email_code")
        steps.append(lambda visitor=visitor, code=newest_code(): visitor.attempt(code).status_code)
    return visitors, together(steps)


def elsewhere(function):
    """Run this on another connection, and commit."""

    def run():
        function()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()


@pytest.mark.parametrize("number", [2, 10])
def test_browsers_that_prove_one_address_at_once_link_once(number, links):
    user = existing()
    visitors, answers = prove_at_once(number)
    assert answers == [200] * number
    assert {visitor.signed_in for visitor in visitors} == {f"user_{user.pk}"}
    assert (links, Identifier.objects.count(), get_user_model().objects.count()) == ([user], 1, 1)


@pytest.mark.postgres
def test_negative_control_without_lock_and_unique_identifier_both_link(links, monkeypatch):
    existing()
    both = threading.Barrier(2)
    monkeypatch.setattr(IdentifierManager, "changing", lambda self, user: nullcontext())
    monkeypatch.setattr(existing_users, "_insert", lambda *args: None)
    monkeypatch.setattr(existing_users, "_take", lambda *args: bool(both.wait(30) + 1))
    prove_at_once(2)
    assert len(links) == 2


CHANGES = [{"email": "new@example.com"}, {"is_active": False}, {"is_staff": True}, {"password": "another"}]


@pytest.mark.parametrize("changed", CHANGES, ids=str)
def test_row_is_changed_only_if_it_is_what_was_judged(changed):
    user = existing()
    before = {"password": user.password, **changed}
    get_user_model().objects.filter(pk=user.pk).update(**changed)
    assert not existing_users._take(user, "link")
    assert list(get_user_model().objects.values(*before)) == [before]
    user.refresh_from_db()
    assert existing_users._take(user, "link")


def change_email_after_the_first_look(monkeypatch, judge):
    """The user changes their email address after they were judged, and before their row is locked."""
    user, changed = existing(), []

    def judge_and_change(*args):
        verdict = judge(*args)
        if not changed:
            changed.append(True)
            elsewhere(lambda: get_user_model().objects.filter(pk=user.pk).update(email="moved@example.com"))
        return verdict

    monkeypatch.setattr(existing_users, "_judge", judge_and_change)
    visitor, answer = prove()
    assert answer.status_code == 200
    user.refresh_from_db()
    return user, visitor


@pytest.mark.postgres
def test_email_address_that_is_changed_meanwhile_links_nobody(monkeypatch):
    user, visitor = change_email_after_the_first_look(monkeypatch, existing_users._judge)
    assert user.check_password("theirs")
    assert visitor.signed_in != f"user_{user.pk}"
    assert Identifier.objects.get(value=EMAIL).user != user


@pytest.mark.postgres
def test_negative_control_without_looking_again_the_user_is_linked_all_the_same(monkeypatch):
    judge, verdicts = existing_users._judge, []

    def judge_once(*args):
        verdicts.append(judge(*args))
        return verdicts[0]

    monkeypatch.setattr(existing_users, "_take", lambda judged, how: True)
    user, visitor = change_email_after_the_first_look(monkeypatch, judge_once)
    assert visitor.signed_in == f"user_{user.pk}"


@pytest.mark.postgres
def test_phone_that_is_being_added_to_the_account_is_seen(monkeypatch):
    """Whoever has planted the account adds a number of their own while the owner of the address proves it."""
    user, added, judge = existing(), threading.Event(), existing_users._judge

    def add_phone():
        with transaction.atomic():
            Identifier.objects.adopt(user, PHONE)
            added.set()
            time.sleep(1)  # the commit comes once the link waits, or is over
        connections.close_all()

    def judge_meanwhile(*args):
        verdict = judge(*args)
        if not added.is_set():
            adding.start()
            assert added.wait(30)
        return verdict

    adding = threading.Thread(target=add_phone)
    monkeypatch.setattr(existing_users, "_judge", judge_meanwhile)
    _visitor, answer = prove()
    adding.join(30)
    assert answer.json()["errors"][0]["code"] == "identification_claimed"
    assert Identifier.objects.get().value == PHONE
    user.refresh_from_db()
    assert user.check_password("theirs")


@pytest.mark.postgres
def test_link_waits_for_whoever_changes_the_identifiers_of_the_user():
    user, begun, failures = existing(), threading.Event(), []

    def adopt_slowly():
        try:
            with Identifier.objects.changing(user):
                begun.set()
                time.sleep(2)  # PostgreSQL looks for deadlocks after one second
                Identifier.objects.create(user=user, kind="email_address", value=EMAIL)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=adopt_slowly)
    thread.start()
    assert begun.wait(30)
    visitor, answer = prove()
    thread.join(30)
    assert (failures, answer.status_code, visitor.signed_in) == ([], 200, f"user_{user.pk}")
    user.refresh_from_db()
    assert user.check_password("theirs")  # found by the identifier, and not linked


def register_and_create(**details):
    """The site registers a user with this address while we make one."""
    if not get_user_model().objects.exists():
        elsewhere(existing)
    return users.create_user(**details)


@pytest.fixture
def registering(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "CREATE_USER": f"{__name__}.register_and_create"}


@pytest.mark.postgres
def test_user_whom_the_site_registers_meanwhile_is_linked(registering):
    visitor, _ = prove()
    user = get_user_model().objects.get()
    assert (user.username, visitor.signed_in) == ("old", f"user_{user.pk}")


@pytest.mark.postgres
def test_negative_control_without_looking_again_there_are_two_users(registering, monkeypatch):
    monkeypatch.setattr(users, "_require_only_user", lambda *args: None)
    prove()
    assert get_user_model().objects.filter(email=EMAIL).count() == 2
