"""Pages, and the messages that are asked for on them, in the visitor's language."""

import re

import pytest

from passwordless_otp.messaging.backends import memory
from tests.languages import LANGUAGES, TRANSLATED, translations
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_OUT, SIGN_UP, PageVisitor, text_of

every_language = pytest.mark.parametrize("language", TRANSLATED)


@pytest.fixture
def site(configure):
    """Everything is on, and the site has a name that needs escaping."""
    configure(
        application_name="Salt & Pepper",
        phone_number_enabled=True,
        phone_number_used_for_identification=True,
        phone_code=True,
        support_email="help@example.com",
        first_name="optional",
    )


def speaking(language):
    return PageVisitor(headers={"Accept-Language": f"{language},en;q=0.5"})


def english_in(page, language):
    """Return our English sentences that the visitor can see in it."""
    sentences = {msgid for msgid, text in translations(language).items() if msgid != text and " " in msgid}
    return [sentence for sentence in sentences if "%(" not in sentence and sentence in page]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_names_its_language_and_direction(site, language):
    page = text_of(speaking(language).get(SIGN_IN))
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page


@every_language
def test_the_sign_in_page_has_the_translated_heading(site, language):
    answer = speaking(language).get(SIGN_IN)
    heading = translations(language)["Sign in to %(app)s"] % {"app": "Salt &amp; Pepper"}
    assert f"<h1>{heading}</h1>" in text_of(answer)
    assert "Accept-Language" in answer["Vary"]


@every_language
def test_no_page_is_left_in_english(site, language):
    browser = speaking(language)
    for path in [SIGN_IN, SIGN_UP, SIGN_OUT]:
        assert english_in(text_of(browser.get(path)), language) == []
    browser.ask()
    for code in ["", "000"]:
        assert english_in(text_of(browser.submit(SIGN_IN_VERIFY, {"code": code})), language) == []
    assert english_in(text_of(browser.get(SIGN_IN_VERIFY)), language) == []
    assert english_in(text_of(browser.submit(SIGN_UP, {"email_address": "jane"})), language) == []


def test_what_is_left_in_english_is_found(site):
    page = text_of(speaking("en").get(SIGN_IN))
    assert "We send you a code. You need no password." in english_in(page, TRANSLATED[0])


@every_language
def test_a_message_speaks_the_language_of_the_page_that_it_was_asked_from(site, make_user, language):
    make_user("jane@example.com")
    speaking(language).ask()
    message = memory.sent[-1]
    words = {"code": message.code, "app": "Salt & Pepper"}
    assert message.subject == translations(language)["%(code)s is your sign-in code for %(app)s"] % words


@every_language
def test_a_site_without_any_name_is_called_this_site_in_the_visitors_words(configure, settings, language):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    configure(application_name="")
    [heading] = re.findall("<h1>(.*)</h1>", text_of(speaking(language).get(SIGN_IN)))
    assert "this site" not in heading
