"""Every flow, clicked to its end in a browser without JavaScript."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from passwordless_otp.models import Identifier
from tests.browser.conftest import configure, follow, newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]

IDENTIFIERS = {"email_address": "jane@example.com", "phone_number": "+14155552671"}


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_somebody_signs_up_and_has_an_ordinary_session(site, new_page, kind):
    page = new_page()
    page.goto(f"{site}/auth/sign-up/?next=/")
    page.locator(f"[name={kind}]").fill(IDENTIFIERS[kind])
    follow(page.get_by_role("button", name="Continue"))
    page.get_by_label("Code").fill(newest_code())
    follow(page.get_by_role("button", name="Continue"))
    assert page.locator("body").inner_text() == "home"
    assert_session(page, Identifier.objects.get(kind=kind).user)


@pytest.mark.parametrize("kind", IDENTIFIERS)
def test_somebody_signs_in_and_has_an_ordinary_session(site, new_page, kind):
    user = get_user_model().objects.create_user(username="jane")
    Identifier.objects.create(user=user, kind=kind, value=IDENTIFIERS[kind])
    page = new_page()
    page.goto(f"{site}/auth/sign-in/")
    page.get_by_label("Email address or phone number").fill(IDENTIFIERS[kind])
    press_enter(page)
    code = newest_code()
    page.get_by_label("Code").fill(f" {code[:3]} {code[3:]} ")
    press_enter(page)
    assert page.url == f"{site}/"
    assert_session(page, user)


def test_somebody_new_gets_in_through_the_sign_in_box(site, new_page):
    configure(first_name="required")
    page = new_page()
    page.goto(f"{site}/auth/sign-in/")
    page.get_by_label("Email address or phone number").fill("jane@example.com")
    follow(page.get_by_role("button", name="Continue"))
    page.get_by_label("Code").fill(newest_code())
    follow(page.get_by_role("button", name="Continue"))
    assert "jane@example.com" in page.locator(".otp-proven").inner_text()
    page.get_by_label("First name").fill("Jane")
    follow(page.get_by_role("button", name="Continue"))
    assert_session(page, get_user_model().objects.get(first_name="Jane"))


def test_back_reload_edit_and_a_wrong_code_lead_nowhere_wrong(site, new_page):
    page = new_page()
    page.goto(f"{site}/auth/sign-in/")
    page.get_by_label("Email address or phone number").fill("jane@example.com")
    follow(page.get_by_role("button", name="Continue"))
    code = newest_code()
    page.reload()
    page.go_back()
    page.go_forward()
    page.get_by_label("Code").fill("000000" if code != "000000" else "111111")
    follow(page.get_by_role("button", name="Continue"))
    assert "not right" in page.get_by_role("alert").inner_text()
    follow(page.get_by_role("button", name="Send it again"))
    follow(page.get_by_role("link", name="Change"))
    assert page.get_by_label("Email address or phone number").input_value() == "jane@example.com"
    follow(page.get_by_role("link", name="I have a code already"))
    assert newest_code() == code
    page.get_by_label("Code").fill(code)
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Continue"))
    assert page.url == f"{site}/"


def test_somebody_signs_out(site, new_page):
    page = new_page()
    page.goto(f"{site}/auth/sign-in/")
    page.get_by_label("Email address or phone number").fill("jane@example.com")
    follow(page.get_by_role("button", name="Continue"))
    page.get_by_label("Code").fill(newest_code())
    follow(page.get_by_role("button", name="Continue"))
    follow(page.get_by_role("button", name="Continue"))
    page.goto(f"{site}/auth/sign-in/")
    follow(page.get_by_role("button", name="Sign out"))
    assert page.get_by_role("heading", level=1).inner_text().startswith("Sign in")
    assert not any(cookie["name"] == "sessionid" for cookie in page.context.cookies())


def press_enter(page):
    with page.expect_navigation():
        page.keyboard.press("Enter")


def assert_session(page, user):
    cookie = next(cookie for cookie in page.context.cookies() if cookie["name"] == "sessionid")
    assert Session.objects.get(pk=cookie["value"]).get_decoded()["_auth_user_id"] == str(user.pk)
