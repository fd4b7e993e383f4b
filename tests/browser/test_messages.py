"""Mails as a mail program shows them, and the preview of them in the admin."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation

from passwordless_otp import links
from passwordless_otp.messaging import render
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.base import uuid7
from passwordless_otp.models.messages import MessageKind
from tests.browser.conftest import axe, follow
from tests.browser.test_pages import assert_fits, shot

pytestmark = [pytest.mark.browser, pytest.mark.slow]
# A mail is a part of the page that the mail program makes of it: that page has the landmarks.
PART = {"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}}
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"
SETTINGS = "/admin/passwordless_otp/instancesettings/1/change/"


def mail(kind, code="012345"):
    settings = InstanceSettings(application_name="Willow & Daughters Books", support_email="help@example.com")
    url = f"https://example.com/auth/not-me/{links.token(uuid7())}/"
    unlock_url = f"https://example.com/auth/unlock/{links.unlock_token(uuid7())}/"
    more = {"unlock_url": unlock_url}
    if kind == MessageKind.SECURITY_NOTICE:
        more = {"at": timezone.now(), "not_me_url": url}
    return render.render_text(settings, kind, "email", code if kind.has_code else "", 600, **more).html


@pytest.mark.parametrize("kind", MessageKind)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_every_mail_fits_and_is_accessible_in_light_and_dark(db, new_page, kind, language):
    page = new_page(javascript=True)
    with translation.override(language):
        page.set_content(mail(kind))
    for scheme in ["light", "dark"]:
        page.emulate_media(color_scheme=scheme)
        for width in [320, 390, 600]:
            page.set_viewport_size({"width": width, "height": 720})
            assert_fits(page)
            shot(page, f"mail-{kind}-{language}-{scheme}-{width}")
        results = axe().run(page, options=PART)
        assert results.violations_count == 0, results.generate_report()


def test_a_grown_code_fits_on_one_line_of_a_phone(db, new_page):
    page = new_page(viewport={"width": 390, "height": 720})
    page.set_content(mail(MessageKind.SIGN_IN, "M" * 13))
    shot(page, "mail-grown-code")
    assert (
        page.locator(".otp-code").evaluate("e => e.clientHeight / parseFloat(getComputedStyle(e).fontSize)") < 3
    )


def test_one_click_selects_the_whole_code(db, new_page):
    page = new_page(javascript=True)
    page.set_content(mail(MessageKind.SIGN_IN))
    page.locator(".otp-code").click()
    assert page.evaluate("getSelection().toString().trim()") == "012345"


def test_a_mail_is_readable_where_its_style_block_is_dropped(db, new_page):
    page = new_page(javascript=True, color_scheme="dark")
    page.set_content(mail(MessageKind.UNKNOWN_ACCOUNT))
    page.evaluate("document.querySelector('style').remove()")
    results = axe().run(page, options=PART)
    assert results.violations_count == 0, results.generate_report()


@pytest.fixture
def form(site, new_page):
    """Open the settings as an operator; without JavaScript by `form(javascript=False)`."""
    User.objects.create_superuser("root", password="x")
    client = Client()
    client.force_login(User.objects.get())

    def open_form(javascript=True, **options):
        page = new_page(javascript=javascript, **options)
        page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
        page.route(f"**{SETTINGS}", under_policy)
        answer = page.goto(site + SETTINGS)
        assert answer.header_value("content-security-policy") == POLICY
        return page

    return open_form


def under_policy(route):
    """Let the page come with the policy of a strict site."""
    answer = route.fetch(max_redirects=0)
    route.fulfill(response=answer, headers={**answer.headers, "content-security-policy": POLICY})


def test_the_preview_follows_what_is_typed_without_saving_it(form):
    page = form()
    preview = page.locator(".otp-preview")
    page.get_by_label("Application name").fill("Larder")
    preview.get_by_text("123456 is your sign-in code for Larder. Give it to nobody.").wait_for()
    page.get_by_label("Email subject").fill("Welcome! $code <i>")
    preview.get_by_text("Welcome! 123456 <i>").wait_for()
    page.get_by_label("SMS text").fill("$code €")
    preview.get_by_text("1 segment: 31 characters of 160").wait_for()
    page.get_by_label("SMS text").fill("$code ł")
    preview.get_by_text("more than twice as much: ł").wait_for()
    page.get_by_label("SMS text").fill("")
    page.get_by_label("Email subject").fill("")
    page.get_by_label("Code in the subject").uncheck()
    preview.get_by_text("Your sign-in code for Larder", exact=True).wait_for()
    assert not InstanceSettings.objects.get().application_name


def test_the_preview_is_accessible_in_light_and_dark(form):
    page = form()
    for scheme in ["light", "dark"]:
        page.emulate_media(color_scheme=scheme)
        for text in ["", "$code ł"]:
            page.get_by_label("SMS text").fill(text)
            page.locator(".otp-preview ul" if text else ".otp-preview dl").wait_for()
            shot(page, f"preview-{scheme}-{'refused' if text else 'shown'}")
            # Without "preload": axe would put the admin's stylesheets into the page, against its policy.
            results = axe().run(page, context=".otp-preview", options={"preload": False})
            assert results.violations_count == 0, results.generate_report()


def test_without_javascript_the_preview_shows_what_is_saved(form):
    page = form(javascript=False)
    preview = page.locator(".otp-preview")
    page.get_by_label("SMS text").fill("$code is it.")
    assert "is your sign-in code" in preview.inner_text()
    follow(page.get_by_role("button", name="Apply changes"))
    assert "123456 is it.\n\n@example.com #123456" in preview.text_content()
