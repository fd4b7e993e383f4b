"""A code that has grown to 13 characters, from the message to the session, in a browser."""

import re

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier
from tests.browser.conftest import follow, newest_code
from tests.rate_limits.rows import guess, only
from tests.visitor import EMAIL

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_somebody_under_attack_pastes_a_code_of_13_characters(site, new_page):
    only(identifier_failures_per_day=3)
    user = get_user_model().objects.create_user("jane")
    Identifier.objects.create(user=user, kind="email_address", value=EMAIL)
    for _ in range(3):
        guess(EMAIL)
    page = new_page(javascript=True)
    page.goto(f"{site}/auth/sign-in/")
    page.get_by_label("Email address or phone number").fill(EMAIL)
    follow(page.get_by_role("button", name="Continue"))
    code = newest_code()
    assert len(code) == 13
    assert code in memory.sent[-1].text
    field = page.get_by_label("Code")
    assert field.get_attribute("inputmode") == "text"
    assert field.get_attribute("maxlength") is None
    assert "13 letters and digits." in page.locator(".otp-field").inner_text()
    field.focus()
    pasted = f"  {code[:5].lower()}-{code[5:9]} {code[9:].lower()}\n"
    page.evaluate("text => document.execCommand('insertText', false, text)", pasted)  # a whole code sends itself
    page.wait_for_url(f"{site}/")
    assert page.locator("body").inner_text() == "home"
    assert Session.objects.exists()


def test_a_page_that_refuses_says_when_to_come_back(site, new_page):
    only(ip_flows=1)
    page = new_page()
    page.goto(f"{site}/auth/sign-in/")
    for identifier in [EMAIL, "other@example.com"]:
        page.goto(f"{site}/auth/sign-in/")
        page.get_by_label("Email address or phone number").fill(identifier)
        follow(page.get_by_role("button", name="Continue"))
    said = page.get_by_role("alert").inner_text()
    assert re.fullmatch("That was too often. Try again in 1[01] minutes.", said)
    assert page.get_by_label("Email address or phone number").is_visible()
