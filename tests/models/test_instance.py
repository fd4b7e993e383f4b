"""The instance settings: one row, read afresh, and never one that locks everybody out."""

import threading
import time

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connections, transaction

from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.restrictions import RestrictionQuerySet
from tests.visitor import ApiVisitor, operate

pytestmark = pytest.mark.django_db


def test_defaults_are_used_without_a_row():
    settings = InstanceSettings.current()
    assert settings.kinds == ("email_address",)
    assert settings.sign_up_open
    InstanceSettings.editable().full_clean()
    assert not InstanceSettings.objects.exists()


def test_settings_have_one_row():
    operate(max_tries=3)
    operate(max_tries=4)
    assert InstanceSettings.objects.get().max_tries == 4
    with pytest.raises(IntegrityError), transaction.atomic():
        InstanceSettings.objects.bulk_create([InstanceSettings(pk=2)])


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email_code": False}, "email_address_used_for_identification"),
        ({"email_address_enabled": False}, "email_address_used_for_identification"),
        ({"email_address_used_for_identification": False}, "email_address_used_for_identification"),
        ({"phone_number_required": True}, "phone_number_required"),
        ({"phone_number_enabled": True, "phone_number_required": True}, "phone_number_required"),
        (
            {"phone_code": True, "phone_number_used_for_identification": True},
            "phone_number_used_for_identification",
        ),
    ],
)
def test_settings_that_lock_everybody_out_are_refused_at_their_field(changes, field):
    settings = InstanceSettings(**changes)
    with pytest.raises(ValidationError) as refused:
        settings.full_clean()
    assert field in refused.value.message_dict


def test_sign_up_by_phone_alone_is_refused_where_every_user_needs_an_email(monkeypatch):
    email = get_user_model()._meta.get_field("email")
    monkeypatch.setattr(email, "_unique", True)
    monkeypatch.setitem(email.__dict__, "unique", True)  # Django keeps what it has once computed
    phone = {"phone_number_enabled": True, "phone_number_used_for_identification": True, "phone_code": True}
    with pytest.raises(ValidationError, match="needs an email address") as refused:
        InstanceSettings(**phone).full_clean()
    assert list(refused.value.message_dict) == ["email_address_required"]
    InstanceSettings(**phone, email_address_required=True).full_clean()


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("max_tries", 1, 10),
        ("code_life", 60, 600),
        ("resend_interval", 15, 300),
        ("messages_per_flow", 1, 10),
        ("session_lifetime_days", 1, 400),
    ],
)
def test_each_number_has_a_hard_range(name, low, high):
    for good in [low, high]:
        InstanceSettings(**{name: good}).full_clean()
    for bad in [low - 1, high + 1]:
        with pytest.raises(ValidationError):
            InstanceSettings(**{name: bad}).full_clean()


def test_settings_with_nothing_enabled_cause_no_server_error():
    operate(email_address_enabled=False)
    assert ApiVisitor().get("environment").json()["auth_config"]["identification_strategies"] == []
    assert ApiVisitor().sign_in("a@example.com").status_code == 400
    assert ApiVisitor().create("sign_up").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_change_takes_effect_at_once_here_and_within_a_second_elsewhere(monkeypatch):
    assert InstanceSettings.current().max_tries == 5
    InstanceSettings.objects.update_or_create(pk=1, defaults={"max_tries": 6})
    assert InstanceSettings.current().max_tries == 6
    InstanceSettings.objects.update(max_tries=7)  # as another process would
    assert InstanceSettings.current().max_tries == 6
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 1)
    assert InstanceSettings.current().max_tries == 7


@pytest.mark.django_db(transaction=True)
def test_read_that_began_before_a_save_is_not_cached(monkeypatch):
    began, saved = threading.Event(), threading.Event()

    def slow_entries(rows):
        began.set()
        saved.wait(10)
        return {}

    def reader():
        InstanceSettings.current()
        connections.close_all()

    monkeypatch.setattr(RestrictionQuerySet, "entries", slow_entries)
    thread = threading.Thread(target=reader)
    thread.start()
    began.wait(10)
    operate(max_tries=9)
    saved.set()
    thread.join(10)
    assert InstanceSettings.current().max_tries == 9


@pytest.mark.django_db(transaction=True)
def test_current_settings_are_shared_and_read_only():
    operate(sms_prices="US 0.01", limits={"ip_sms": 5})
    settings = InstanceSettings.current()
    assert InstanceSettings.current() is settings
    assert settings.prices is settings.prices
    with pytest.raises(AttributeError, match=r"InstanceSettings\.editable\(\)"):
        settings.email_code = False
    with pytest.raises(AttributeError, match="read-only"):
        settings.save()
    with pytest.raises(TypeError):
        settings.limits["ip_sms"] = 6
    assert isinstance(settings.sms_countries, tuple)


def test_derived_values_follow_changes_of_editable_settings():
    settings = InstanceSettings.editable()
    assert settings.kinds == ("email_address",)
    settings.email_code = False
    assert settings.kinds == ()


@pytest.mark.django_db(transaction=True)
def test_each_schema_has_its_own_cached_settings(monkeypatch):
    here = InstanceSettings.current()
    monkeypatch.setattr(connections["default"], "schema_name", "other_tenant", raising=False)
    assert InstanceSettings.current() is not here


@pytest.mark.django_db(transaction=True)
def test_uncommitted_change_is_not_cached():
    with transaction.atomic():
        operate(max_tries=8)
        assert InstanceSettings.current().max_tries == 8
        transaction.set_rollback(True)
    assert InstanceSettings.current().max_tries == 5
