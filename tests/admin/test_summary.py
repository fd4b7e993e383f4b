"""What visitors get, in sentences."""

import pytest

from passwordless_otp.admin import instance_settings
from passwordless_otp.admin.instance_settings import describe_settings
from passwordless_otp.models import InstanceSettings

PHONE = {"phone_number_enabled": True, "phone_number_used_for_identification": True, "phone_code": True}


def sentences(printing=(), **changes):
    return describe_settings(InstanceSettings(**changes), printing)


def test_the_defaults_are_email_and_open_sign_up():
    assert sentences() == ["People sign in with an email code.", "Sign-up is open."]


def test_both_kinds_are_named():
    assert sentences(**PHONE)[0] == "People sign in with an email code or an SMS code."


def test_what_everybody_has_to_verify_is_named():
    both = sentences(**PHONE, email_address_required=True, phone_number_required=True)
    assert both[1] == "Sign-up is open to people who verify their email address and their phone number."


@pytest.mark.parametrize("kind", ["email_address", "phone_number"])
def test_one_kind_that_everybody_has_to_verify_is_named_alone(kind):
    sentence = sentences(**PHONE, **{f"{kind}_required": True})[1]
    assert sentence == f"Sign-up is open to people who verify their {kind.replace('_', ' ')}."


def test_sms_alone_is_named():
    assert sentences(**PHONE, email_code=False)[0] == "People sign in with an SMS code."


def test_each_sentence_is_translated_whole(monkeypatch):
    seen = []
    monkeypatch.setattr(instance_settings, "gettext", lambda sentence: seen.append(sentence) or sentence)
    both = describe_settings(
        InstanceSettings(**PHONE, email_address_required=True, phone_number_required=True), ["sms"]
    )
    assert seen == both


def test_closed_sign_up_is_named():
    assert "Sign-up is closed." in sentences(sign_up_mode="closed")


def test_nobody_gets_in_where_nothing_identifies():
    assert sentences(email_code=False) == ["Nobody can sign in or sign up with a code."]


def test_a_channel_that_only_prints_is_named_while_its_codes_are_on():
    warning = "SMS codes are on, but no provider is configured: SMS go to the console."
    assert warning in sentences(["sms"], **PHONE)
    assert warning not in sentences(["sms"])
    assert any("emails go to the console" in sentence for sentence in sentences(["email"]))


@pytest.mark.parametrize(("setting", "word"), [("staff_sign_in", "Staff"), ("test_mode", "Test mode")])
def test_open_doors_are_named(setting, word):
    assert any(word in sentence for sentence in sentences(**{setting: True}))
    assert not any(word in sentence for sentence in sentences())
