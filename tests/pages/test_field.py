"""The one field that takes what is enabled, and the one field for the code."""

import re

import pytest

from passwordless_otp.models import Verification
from tests.pages.conftest import EMAIL, PHONE, SIGN_IN, SIGN_IN_VERIFY, text_of

PHONE_ONLY = {
    "email_address_enabled": False,
    "phone_number_enabled": True,
    "phone_number_used_for_identification": True,
    "phone_code": True,
}


def field(page, name):
    return re.search(rf'<input type="text" name="{name}"[^>]*>', text_of(page)).group()


def test_the_label_says_only_what_is_enabled(visitor, configure):
    assert ">Email address</label>" in text_of(visitor.get(SIGN_IN))
    configure(**PHONE_ONLY)
    assert ">Phone number</label>" in text_of(visitor.get(SIGN_IN))
    configure(email_address_enabled=True)
    assert ">Email address or phone number</label>" in text_of(visitor.get(SIGN_IN))


def test_the_keyboard_and_the_autofill_fit_what_is_enabled(visitor, configure):
    assert 'autocomplete="email" inputmode="email"' in field(visitor.get(SIGN_IN), "identifier")
    configure(**PHONE_ONLY)
    assert 'autocomplete="tel" inputmode="tel"' in field(visitor.get(SIGN_IN), "identifier")
    configure(email_address_enabled=True)
    assert 'autocomplete="username"' in field(visitor.get(SIGN_IN), "identifier")


def test_one_field_of_plain_text_takes_the_code(visitor):
    visitor.ask()
    page = visitor.get(SIGN_IN_VERIFY)
    code = field(page, "code")
    assert 'inputmode="numeric"' in code
    assert 'autocomplete="one-time-code"' in code
    assert "maxlength" not in code
    assert text_of(page).count('name="code"') == 1
    assert re.search(r"6 digits. Works for \d+ more minutes.", text_of(page))


def test_a_grown_code_of_letters_brings_up_the_letters(visitor):
    visitor.ask()
    Verification.objects.update(alphabet="base32", length=13)
    page = visitor.get(SIGN_IN_VERIFY)
    assert 'inputmode="text"' in field(page, "code")
    assert "13 letters and digits." in text_of(page)


@pytest.mark.parametrize(("text", "kind"), [(EMAIL, "email"), (PHONE, "phone")])
def test_the_heading_and_the_title_say_where_to_look(visitor, both, configure, text, kind):
    configure(application_name="Willow & Co")
    visitor.ask(text)
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert f"<h1>Check your {kind}</h1>" in page
    assert f"<title>Check your {kind} – Willow &amp; Co</title>" in page


def test_the_page_is_in_the_visitors_writing_direction(visitor):
    page = text_of(visitor.get(SIGN_IN, headers={"Accept-Language": "ar"}))
    assert '<html lang="ar" dir="rtl">' in page
    assert '<html lang="en" dir="ltr">' in text_of(visitor.get(SIGN_IN))


def test_the_support_address_stands_below_where_there_is_one(visitor, configure):
    assert "mailto:" not in text_of(visitor.get(SIGN_IN))
    configure(support_email="help@example.com")
    assert "mailto:help@example.com" in text_of(visitor.get(SIGN_IN))


def test_the_country_code_is_asked_for_only_where_none_is_taken_for_granted(visitor, configure, settings):
    assert "country code" not in text_of(visitor.get(SIGN_IN))
    configure(**PHONE_ONLY)
    assert "country code" in text_of(visitor.get(SIGN_IN))
    settings.PHONENUMBER_DEFAULT_REGION = "US"
    assert "country code" not in text_of(visitor.get(SIGN_IN))
    assert visitor.ask("(415) 555-2671").status_code == 303
