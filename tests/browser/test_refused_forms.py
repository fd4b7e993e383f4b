"""Forms that can't be accepted, clicked in a browser with and without JavaScript."""

import re
import threading
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.models import Identifier, Verification
from passwordless_otp.pages.base import PageView
from tests.browser.conftest import SCREENSHOTS, axe, configure, follow, newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WITH_AND_WITHOUT = pytest.mark.parametrize("javascript", [False, True])
EMAIL = "jane@example.com"


@pytest.fixture(autouse=True)
def jane(site):
    configure(application_name="Willow Books", support_email="help@example.com")
    user = get_user_model().objects.create_user(username="jane", first_name="Jane")
    Identifier.objects.create(user=user, kind="email_address", value=EMAIL)


def fill_in(page, site, then=True, identifier=EMAIL):
    page.goto(f"{site}/auth/sign-in/?next=/")
    page.locator("[name=identifier]").fill(identifier)
    if then:
        follow(page.get_by_role("button", name="Continue"))


def enter(page, code):
    """Type a code and wait for the answer: with JavaScript a whole code sends itself."""
    with page.expect_navigation():
        page.get_by_label("Code").fill(code)
        if not page.context.browser_javascript:
            page.keyboard.press("Enter")


@pytest.fixture
def open_page(new_page):
    def make(javascript, **options):
        page = new_page(javascript=javascript, reduced_motion="reduce", **options)
        page.context.browser_javascript = javascript
        return page

    return make


def look(page, name):
    """Take pictures of this page, and look for barriers."""
    SCREENSHOTS.mkdir(exist_ok=True)
    for scheme in ["light", "dark"]:
        page.emulate_media(color_scheme=scheme)
        for width in [390, 1280]:
            page.set_viewport_size({"width": width, "height": 844 if width < 1000 else 800})
            page.screenshot(path=SCREENSHOTS / f"{name}-{scheme}-{width}.png", full_page=True)
        if page.context.browser_javascript:
            found = axe().run(page)
            assert found.violations_count == 0, found.generate_report()


def heading(page):
    return page.get_by_role("heading", level=1).inner_text()


@WITH_AND_WITHOUT
def test_form_of_a_second_tab_says_who_is_signed_in(site, open_page, javascript):
    page = open_page(javascript)
    fill_in(page, site, then=False)
    other = page.context.new_page()
    fill_in(other, site)
    enter(other, newest_code())
    follow(page.get_by_role("button", name="Continue"))
    assert heading(page) == "You are signed in"
    look(page, f"second-tab-{javascript}")
    follow(page.get_by_role("link", name="Continue"))
    assert page.url == f"{site}/"


@WITH_AND_WITHOUT
def test_form_with_an_old_token_needs_one_more_press(site, open_page, javascript):
    page = open_page(javascript)
    fill_in(page, site, then=False)
    [token] = [cookie for cookie in page.context.cookies() if cookie["name"] == "csrftoken"]
    page.context.add_cookies([{**token, "value": "n" * 32}])
    follow(page.get_by_role("button", name="Continue"))
    assert page.title().startswith("Error: ")
    assert "out of date" in page.get_by_role("alert").inner_text()
    assert page.locator("[name=identifier]").input_value() == EMAIL
    look(page, f"old-token-{javascript}")
    follow(page.get_by_role("button", name="Continue"))
    assert heading(page) == "Check your email"


@WITH_AND_WITHOUT
def test_browser_without_cookies_is_told_so(site, open_page, javascript):
    page = open_page(javascript)
    page.route("**/auth/**", lambda route: without_cookies(page, route))
    fill_in(page, site, then=False)
    page.context.clear_cookies()
    follow(page.get_by_role("button", name="Continue"))
    assert "keeps no cookies" in page.get_by_role("alert").inner_text()
    look(page, f"no-cookies-{javascript}")


def without_cookies(page, route):
    page.context.clear_cookies()
    route.continue_()


@WITH_AND_WITHOUT
def test_code_whose_browser_has_lost_its_cookie_leads_to_the_start(site, open_page, javascript):
    page = open_page(javascript)
    fill_in(page, site)
    page.context.clear_cookies(name="otp_client")
    enter(page, newest_code())
    assert "could not be found in this browser" in page.locator(".otp-alert:focus").inner_text()
    look(page, f"lost-{javascript}")
    follow(page.get_by_role("link", name="Start again"))
    assert page.url == f"{site}/auth/sign-in/?next=%2F"


@WITH_AND_WITHOUT
def test_code_of_a_sign_in_that_another_tab_has_replaced_is_no_try(site, open_page, javascript):
    page = open_page(javascript)
    fill_in(page, site)
    code, other = newest_code(), page.context.new_page()
    fill_in(other, site, identifier="john@example.com")
    enter(page, code)
    assert "replaced by another one" in page.get_by_role("alert").inner_text()
    assert "john@example.com" in page.locator("main").inner_text()
    assert not Verification.objects.filter(tries__gt=0).exists()
    look(page, f"replaced-{javascript}")


@pytest.mark.parametrize("gap", [150, 400])  # milliseconds, while the first answer is on its way
def test_second_click_without_javascript_says_what_the_first_has_done(site, open_page, monkeypatch, gap):
    page = open_page(False)
    fill_in(page, site)
    slow_down(monkeypatch, 0.6)
    page.get_by_label("Code").fill(newest_code())
    box = page.get_by_role("button", name="Continue").bounding_box()
    for _ in range(2):  # a locator would wait for the first answer
        page.mouse.click(box["x"] + 9, box["y"] + 9)
        page.wait_for_timeout(gap)
    page.get_by_text("This code has been used. If you are not signed in, request a new one.").wait_for()
    look(page, f"used-{gap}")
    follow(page.get_by_role("link", name="Request a new code"))
    assert heading(page).startswith("Sign in")


def slow_down(monkeypatch, seconds):
    """Answer each form late, as over a slow line."""
    answer = PageView.dispatch

    def late(self, request, *args, **kwargs):
        response = answer(self, request, *args, **kwargs)
        if request.method == "POST":
            threading.Event().wait(seconds)
        return response

    monkeypatch.setattr(PageView, "dispatch", late)


@WITH_AND_WITHOUT
def test_resend_is_said_with_its_time(site, open_page, javascript):
    page = open_page(javascript, timezone_id="Asia/Tokyo", locale="en-GB")
    fill_in(page, site)
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(minutes=1))
    page.reload()
    follow(page.get_by_role("button", name="Send it again"))
    status = page.locator(".otp-status")
    status.get_by_text("Use the newest message.").wait_for()
    assert status.get_attribute("role") == "status"
    if javascript:
        sent = Verification.objects.get().last_sent_at + timedelta(hours=9)
        assert re.search(r"Sent again at (\d\d:\d\d)", status.inner_text())[1] == f"{sent:%H:%M}"
    look(page, f"resent-{javascript}")


def test_button_says_that_it_was_pressed_until_the_visitor_comes_back(site, open_page, monkeypatch):
    page = open_page(True)
    fill_in(page, site, then=False)
    slow_down(monkeypatch, 0.6)
    pressed = """() => new Promise((done) => {
      const [button, status] = ["button", "form [role=status]"].map((each) => document.querySelector(each));
      button.click();
      setTimeout(() => done([button.textContent, button.ariaBusy, status.textContent]), 100);
    })"""
    assert page.evaluate(pressed) == ["Sending…", "true", "Sending…"]
    page.wait_for_url(f"{site}/auth/sign-in/verify/?next=%2F")
    page.go_back()
    page.get_by_role("button", name="Continue").wait_for()


def test_focus_is_on_the_alert_where_there_is_no_field(site, open_page):
    page = open_page(True)
    fill_in(page, site)
    Verification.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    page.reload()
    assert heading(page) == "This code has expired"
    page.locator(".otp-alert:focus").wait_for()
    look(page, "expired")
