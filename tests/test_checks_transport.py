"""What the system checks find about proxies, cookies and HTTPS: with --deploy, and not before."""

import pytest

from tests.test_checks import LIVE, found, numbers, secure  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def live(settings):
    settings.PASSWORDLESS_OTP = LIVE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECURE_PROXY_SSL_HEADER", ("HTTP_X_FORWARDED_PROTO", "https")),
        ("USE_X_FORWARDED_HOST", True),
        ("USE_X_FORWARDED_PORT", True),
    ],
)
def test_proxy_that_is_not_counted_gets_a_warning(settings, name, value):
    setattr(settings, name, value)
    [(number, text)] = found(deploy=True)
    assert number == "W010"
    assert name in text
    assert numbers() == []
    settings.PASSWORDLESS_OTP = LIVE | {"TRUSTED_PROXIES": 1}
    assert numbers(deploy=True) == []


@pytest.mark.parametrize("name", ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"])
def test_insecure_cookie_gets_a_warning_that_names_its_setting(settings, name):
    setattr(settings, name, False)
    [(number, text)] = found(deploy=True)
    assert number == "W011"
    assert f"{name} is off" in text
    assert numbers() == []


def test_csrf_token_in_the_session_needs_no_cookie_setting(settings):
    settings.CSRF_COOKIE_SECURE, settings.CSRF_USE_SESSIONS = False, True
    assert numbers(deploy=True) == []


def test_sessions_in_cookies_without_https_are_an_error(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    assert numbers(deploy=True) == []
    settings.SESSION_COOKIE_SECURE = False
    assert numbers(deploy=True) == ["E010", "W011"]


def test_a_site_without_https_gets_a_warning(settings):
    settings.PASSWORDLESS_OTP = LIVE | {"PUBLIC_URL": "http://example.com"}
    assert numbers(deploy=True) == ["W012"]


def test_invalid_settings_are_reported_first(settings):
    settings.PASSWORDLESS_OTP = {"TRUSTED_PROXIES": None, "PUBLIC_URL": 7}
    settings.SESSION_COOKIE_SECURE = False
    assert numbers(deploy=True) == ["E008", "E009"]


def test_each_hint_links_to_the_documentation(settings):
    settings.CSRF_COOKIE_SECURE = False
    [(_, text)] = found(deploy=True)
    assert text.endswith("See docs/checks.md#w011")
