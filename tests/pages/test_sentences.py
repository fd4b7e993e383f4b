"""Texts that a translator can put into any order."""

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from passwordless_otp.admin import base
from tests.pages.conftest import EMAIL, SIGN_IN, SIGN_IN_VERIFY, text_of

VALUE = '<strong class="otp-value"><bdi>%(masked)s</bdi></strong>'


@pytest.fixture
def translate(monkeypatch):
    """Say it backwards, as a language might."""

    def to(wanted, said):
        known = translation.gettext
        monkeypatch.setattr(translation, "gettext", lambda text: said if text == wanted else known(text))

    return to


def test_the_recipient_stands_where_the_language_wants_it(visitor, translate):
    translate(f"Enter the %(length)s-digit code we sent to {VALUE}.", f"{VALUE} got one of %(length)s digits.")
    visitor.ask()
    assert "</bdi></strong> got one of 6 digits. <a" in text_of(visitor.get(SIGN_IN_VERIFY))


def test_so_it_does_where_the_code_is_of_no_use(translate):
    translate(f"For {VALUE}", f"{VALUE} is meant")
    shown = render_to_string("passwordless_otp/_recipient.html", {"refusal": "x", "masked": "<i>"})
    assert "<bdi>&lt;i&gt;</bdi></strong> is meant" in shown


def test_so_does_the_name_of_who_is_signed_in(visitor, make_user, translate):
    visitor.force_login(make_user(EMAIL, first_name="<b>Jane"))
    translate(f"Signed in as {VALUE.replace('masked', 'name')}", f"{VALUE.replace('masked', 'name')} it is")
    assert "<bdi>&lt;b&gt;Jane</bdi></strong> it is" in text_of(visitor.get(SIGN_IN))


@pytest.mark.parametrize(("language", "written"), [("en", "1,000"), ("de", "1.000")])
def test_numbers_are_written_as_the_language_does(language, written):
    with translation.override(language):
        assert written in str(base.SEARCH_HELP)


def test_digits_of_the_hint_are_too(visitor):
    visitor.ask()
    assert "6 digits. Works for 10 more minutes." in text_of(visitor.get(SIGN_IN_VERIFY))
