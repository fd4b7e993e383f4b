"""Every page as people see it: accessible, in light and dark, wide and narrow, both writing directions."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp import links
from passwordless_otp.models import Identifier, Message, Verification
from tests.browser.conftest import SCREENSHOTS, axe, configure, follow, newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def sign_in(page, site):
    configure(application_name="Willow Books", support_email="help@example.com")
    page.goto(f"{site}/auth/sign-in/")


def sign_in_error(page, site):
    sign_in(page, site)
    submit(page, identifier="jane@")


def verify(page, site):
    sign_in(page, site)
    submit(page, identifier="jane@example.com")


def verify_error(page, site):
    verify(page, site)
    submit(page, code="000000")


def verify_phone(page, site):
    sign_in(page, site)
    submit(page, identifier="+14155552671")


def verify_expired(page, site):
    verify(page, site)
    Verification.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    page.reload()


def verify_failed(page, site):
    configure(max_tries=1)
    verify(page, site)
    submit(page, code="000000")


def verify_methods(page, site):
    sign_up_done(page, site)
    page.goto(f"{site}/auth/sign-out/")
    follow(page.get_by_role("button", name="Sign out"))
    configure(enumeration_protection=False)
    submit(page, identifier="jane@example.com")


def too_many(page, site):
    configure(messages_per_flow=1)
    verify(page, site)
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(minutes=1))
    page.reload()
    page.goto(f"{site}/auth/sign-in/")
    submit(page, identifier="jane@example.com")


def too_many_waiting(page, site):
    too_many(page, site)
    page.goto(f"{site}/auth/sign-in/verify/")


def sign_up(page, site):
    configure(application_name="Willow Books", first_name="optional", last_name="optional", username="optional")
    page.goto(f"{site}/auth/sign-up/")


def sign_up_error(page, site):
    sign_up(page, site)
    submit(page, phone_number="12", username="a b")


def sign_up_proven(page, site):
    configure(first_name="required")
    verify(page, site)
    submit(page, code=newest_code())


def sign_up_done(page, site):
    sign_up(page, site)
    submit(page, email_address="jane@example.com", phone_number="+14155552671", first_name="Jane")
    submit(page, code=newest_code())
    submit(page, code=newest_code())


def sign_up_closed(page, site):
    configure(sign_up_mode="closed")
    page.goto(f"{site}/auth/sign-up/")


def sign_up_claimed(page, site):
    user = get_user_model().objects.create_user(username="jane", is_active=False)
    Identifier.objects.create(user=user, kind="email_address", value="jane@example.com")
    sign_up(page, site)
    submit(page, email_address="jane@example.com")
    submit(page, code=newest_code())
    assert "This can't be used" in page.title()


def signed_in(page, site):
    sign_up_done(page, site)
    page.goto(f"{site}/auth/sign-in/")


def sign_out(page, site):
    sign_up_done(page, site)
    page.goto(f"{site}/auth/sign-out/")


def signed_out(page, site):
    page.goto(f"{site}/auth/sign-out/")


def nothing(page, site):
    configure(email_address_enabled=False, phone_number_enabled=False)
    page.goto(f"{site}/auth/sign-in/")


def not_me(page, site, **fields):
    """As the link in a notice opens it."""
    user = get_user_model().objects.create_user("jane", **fields)
    notice = Message.objects.create(kind="security_notice", user=user, channel="email", to="jane@example.com")
    configure(application_name="Willow Books", support_email="help@example.com")
    page.goto(f"{site}/auth/not-me/{links.token(notice.pk)}/")


def not_me_with_password(page, site):
    not_me(page, site, password="correct horse")


def not_me_done(page, site):
    not_me(page, site)
    submit(page)


def not_me_done_with_password(page, site):
    not_me_with_password(page, site)
    submit(page)


def not_me_invalid(page, site):
    page.goto(f"{site}/auth/not-me/nonsense/")


def unlock(page, site):
    """As an unlock link opens it."""
    message = Message.objects.create(kind="unlock", channel="email", to="jane@example.com")
    page.goto(f"{site}/auth/unlock/{links.unlock_token(message.pk)}/")


def unlock_done(page, site):
    unlock(page, site)
    submit(page)


def unlock_invalid(page, site):
    page.goto(f"{site}/auth/unlock/nonsense/")


PAGES = [
    sign_in,
    sign_in_error,
    verify,
    verify_error,
    verify_phone,
    verify_expired,
    verify_failed,
    verify_methods,
    too_many,
    too_many_waiting,
    sign_up,
    sign_up_error,
    sign_up_proven,
    sign_up_closed,
    sign_up_claimed,
    signed_in,
    sign_out,
    signed_out,
    nothing,
    not_me,
    not_me_with_password,
    not_me_done,
    not_me_done_with_password,
    not_me_invalid,
    unlock,
    unlock_done,
    unlock_invalid,
]


@pytest.mark.parametrize("visit", PAGES, ids=lambda visit: visit.__name__)
def test_every_page_fits_and_is_accessible_in_light_and_dark(site, new_page, visit):
    page = new_page(javascript=True, reduced_motion="reduce")
    visit(page, site)
    for scheme in ["light", "dark"]:
        page.emulate_media(color_scheme=scheme)
        for width in [320, 390, 1280]:
            page.set_viewport_size({"width": width, "height": 844 if width < 1000 else 800})
            assert_fits(page)
            if width > 320:
                shot(page, f"{visit.__name__}-{scheme}-{width}")
        results = axe().run(page)
        assert results.violations_count == 0, results.generate_report()


@pytest.mark.parametrize("visit", [sign_in, verify, sign_up], ids=lambda visit: visit.__name__)
def test_pages_fit_from_right_to_left_and_at_twice_the_size(site, new_page, visit):
    page = new_page(javascript=True, locale="ar")
    visit(page, site)
    assert page.locator("html").get_attribute("dir") == "rtl"
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)
    shot(page, f"{visit.__name__}-rtl-200")


def test_high_contrast_shows_where_the_buttons_are(site, new_page):
    page = new_page(javascript=True, forced_colors="active")
    verify(page, site)
    shot(page, "verify-forced-colors")
    assert page.get_by_role("button", name="Continue").evaluate("e => getComputedStyle(e).borderStyle") == "solid"


@pytest.mark.parametrize("visit", [sign_in, verify_error, sign_up], ids=lambda visit: visit.__name__)
def test_the_keyboard_starts_in_the_field_that_is_to_be_filled_in(site, new_page, visit):
    page = new_page(javascript=True)
    visit(page, site)
    name = {"sign_in": "identifier", "verify_error": "code", "sign_up": "email_address"}[visit.__name__]
    page.locator(f"[name={name}]:focus").wait_for()


def submit(page, **fields):
    """Fill in and press the button, past the browser's own checks."""
    form = page.locator("main form").first
    with page.expect_navigation():
        for name, value in fields.items():
            form.locator(f"[name={name}]").fill(value)
        if "code" not in fields:  # a whole code sends itself
            form.locator("button").first.click()


def assert_fits(page):
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def shot(page, name):
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
