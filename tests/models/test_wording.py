"""The operator's texts: what may stand in them, and what is said of the rest."""

import pytest
from django.core.exceptions import ValidationError

from passwordless_otp.models import InstanceSettings

pytestmark = pytest.mark.django_db
LAST_LINE = len("\n\n@example.com #MMMMMMMMMMMMM")


def problem(**changes):
    """Return at which field these settings are refused, and why."""
    with pytest.raises(ValidationError) as refused:
        InstanceSettings(**changes).full_clean()
    [(field, [sentence])] = refused.value.message_dict.items()
    return field, sentence


def accept(**changes):
    InstanceSettings(**changes).full_clean()


@pytest.mark.parametrize(
    "text",
    ["$code", "${code}x", "$code for $app on $domain, $minutes minutes", "$code costs $$1", "$code {app} %s"],
)
def test_these_placeholders_are_filled_in_and_nothing_else_is_looked_at(text):
    accept(email_subject=text, sms_text=text)


@pytest.mark.parametrize("field", ["email_subject", "sms_text"])
@pytest.mark.parametrize(
    "text",
    ["$code $email", "$code $CODE", "$code $", "$code $5", "$code ${app", "$code ${app.name}", "$code $codes"],
)
def test_every_other_placeholder_is_refused(field, text):
    refused, sentence = problem(**{field: text})
    assert refused == field
    assert "$$" in sentence


def test_an_sms_without_the_code_is_refused():
    assert problem(sms_text="Welcome to $app") == ("sms_text", "Add $code.")


def test_a_subject_is_refused_that_does_not_do_what_the_switch_says():
    assert "Add $code" in problem(email_subject="Welcome to $app")[1]
    assert "Remove $code" in problem(email_subject="$code for $app", code_in_subject=False)[1]
    accept(email_subject="Welcome to $app", code_in_subject=False)


@pytest.mark.parametrize("field", ["email_subject", "sms_text", "application_name"])
@pytest.mark.parametrize("character", ["\n", "\r", "\x00", "\x1b", "\x85", "\u2028", "\u2029", "\ud800"])
def test_a_text_is_one_line_without_control_characters(field, character):
    with pytest.raises(ValidationError) as refused:
        InstanceSettings(**{field: f"$code{character}x"}).clean_fields()
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize(
    ("text", "foreign"),
    [("$code – $app", "–"), ("$code “x”", "“ ”"), ("$code für Łódź", "Ł ó ź"), ("は $code", "は")],
)
def test_characters_that_would_double_the_price_of_an_sms_are_refused_by_name(text, foreign):
    field, sentence = problem(sms_text=text)
    assert field == "sms_text"
    assert sentence.endswith(f": {foreign}")


def test_a_name_that_would_double_the_price_is_refused_only_where_the_sms_has_it():
    assert "Ż" in problem(application_name="Żabka", sms_text="$code for $app")[1]
    accept(application_name="Żabka", sms_text="$code for you")


def test_an_sms_fits_into_one_segment_with_the_longest_code_and_the_last_line():
    room = 160 - LAST_LINE - 13
    accept(sms_text="${code}" + "a" * room)
    assert "by 1 " in problem(sms_text="${code}" + "a" * (room + 1))[1]
    assert "by 1 " in problem(sms_text="${code}" + "a" * (room - 1) + "€")[1]
    assert "by 4 " in problem(sms_text="${code} ${app}" + "a" * (room - 1), application_name="Home")[1]


def test_without_a_public_url_there_is_room_for_more(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    accept(sms_text="${code}" + "a" * (160 - 13))


def test_a_lockout_and_a_text_are_both_told():
    with pytest.raises(ValidationError) as refused:
        InstanceSettings(phone_number_required=True, sms_text="x").full_clean()
    assert set(refused.value.message_dict) == {"phone_number_required", "sms_text"}
