"""What visitors get, in sentences."""

import pytest

from passwordless_otp.admin import instance_settings
from passwordless_otp.admin.instance_settings import describe_settings
from passwordless_otp.models import InstanceSettings

PHONE = {"phone_number_enabled": True, "phone_number_used_for_identification": True, "phone_code": True}


def sentences(printing=(), **changes):
    return describe_settings(InstanceSettings(**changes), printing)


def test_summary_of_defaults_is_email_and_open_sign_up():
    assert sentences() == ["People sign in with an email code.", "Sign-up is open."]


def test_summary_names_both_kinds():
    assert sentences(**PHONE)[0] == "People sign in with an email code or an SMS code."


def test_summary_names_required_kinds():
    both = sentences(**PHONE, email_address_required=True, phone_number_required=True)
    assert both[1] == "Sign-up is open to people who verify their email address and their phone number."


@pytest.mark.parametrize("kind", ["email_address", "phone_number"])
def test_summary_names_the_one_required_kind(kind):
    sentence = sentences(**PHONE, **{f"{kind}_required": True})[1]
    assert sentence == f"Sign-up is open to people who verify their {kind.replace('_', ' ')}."


def test_summary_names_sms_alone():
    assert sentences(**PHONE, email_code=False)[0] == "People sign in with an SMS code."


def test_each_sentence_of_the_summary_is_translated_whole(monkeypatch):
    seen = []
    monkeypatch.setattr(instance_settings, "gettext", lambda sentence: seen.append(sentence) or sentence)
    both = describe_settings(
        InstanceSettings(**PHONE, email_address_required=True, phone_number_required=True), ["sms"]
    )
    assert seen == both


def test_summary_says_that_sign_up_is_closed():
    assert "Sign-up is closed." in sentences(sign_up_mode="closed")


def test_summary_says_that_nobody_can_sign_in():
    assert sentences(email_code=False) == ["Nobody can sign in or sign up with a code."]


def test_summary_names_console_channel_while_its_codes_are_on():
    warning = "SMS codes are on, but no provider is configured: SMS go to the console."
    assert warning in sentences(["sms"], **PHONE)
    assert warning not in sentences(["sms"])
    assert any("emails go to the console" in sentence for sentence in sentences(["email"]))


@pytest.mark.parametrize(("setting", "word"), [("staff_sign_in", "Staff"), ("test_mode", "Test mode")])
def test_summary_names_staff_sign_in_and_test_mode(setting, word):
    assert any(word in sentence for sentence in sentences(**{setting: True}))
    assert not any(word in sentence for sentence in sentences())
