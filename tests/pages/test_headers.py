"""What every page says to browsers and caches."""

import pytest
from django.http import HttpResponse

from passwordless_otp.pages import base, urls
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_OUT, SIGN_UP, SIGN_UP_VERIFY, text_of

PATHS = [SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, SIGN_OUT]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "submit"])
def test_every_answer_is_sealed(visitor, path, method):
    answer = getattr(visitor, method)(path)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Content-Security-Policy"].startswith("default-src 'self'; frame-ancestors 'none'")
    assert {"Cookie", "Accept-Language"} <= {name.strip() for name in answer["Vary"].split(",")}


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_differs_by_language_also_where_the_site_has_no_middleware_for_it(visitor, settings, path):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "locale" not in name]
    assert "Accept-Language" in visitor.get(path)["Vary"]


def test_the_policy_is_the_sites(visitor, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "CONTENT_SECURITY_POLICY": "default-src *"}
    assert visitor.get(SIGN_IN)["Content-Security-Policy"] == "default-src *"


def test_the_policy_lets_the_stylesheet_in_from_another_origin(visitor, settings):
    settings.STATIC_URL = "https://static.example.net/site/"
    policy = visitor.get(SIGN_IN)["Content-Security-Policy"]
    assert policy.startswith("default-src 'self' https://static.example.net; frame-ancestors")


def stored(settings, backend, **options):
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": backend, "OPTIONS": options}}


def test_the_policy_lets_the_stylesheet_in_from_where_the_storage_has_it(visitor, settings):
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    stored(settings, backend, base_url="https://cdn.example.net:8443/a/")
    page = visitor.get(SIGN_IN)
    assert 'href="https://cdn.example.net:8443/a/passwordless_otp/passwordless_otp.css"' in text_of(page)
    policy = page["Content-Security-Policy"]
    assert policy.startswith("default-src 'self' https://cdn.example.net:8443; frame-ancestors")


def test_a_storage_that_has_no_stylesheet_yet_breaks_no_header(settings, tmp_path):
    settings.STATIC_URL = "https://static.example.net/"
    stored(settings, "django.contrib.staticfiles.storage.ManifestStaticFilesStorage", location=tmp_path)
    answer = base.add_headers(HttpResponse())
    assert "https://static.example.net" in answer["Content-Security-Policy"]


@pytest.mark.parametrize("path", PATHS)
def test_no_page_has_anything_inline(visitor, path):
    visitor.ask()
    page = text_of(visitor.get(path, follow=True))
    assert page.count("<script") == page.count('<script src="/static/')
    assert "style=" not in page
    assert "<style" not in page
    assert " on" + "click" not in page


@pytest.mark.parametrize("path", PATHS)
def test_a_post_without_its_token_is_refused(visitor, path):
    assert visitor.post(path, {"identifier": "jane@example.com"}).status_code == 403


@pytest.mark.parametrize("path", PATHS)
def test_the_token_is_asked_for_also_where_the_site_has_no_middleware_for_it(visitor, settings, path):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name]
    assert visitor.post(path).status_code == 403


def test_no_page_asks_for_a_login_or_runs_in_a_requests_transaction(settings):
    for pattern in urls.urlpatterns:
        assert pattern.callback.login_required is False
        assert pattern.callback._non_atomic_requests == set(settings.DATABASES)


def test_a_site_that_requires_login_everywhere_leads_here_and_back(visitor, settings, make_user):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    sent = visitor.get("/")
    assert sent["Location"] == f"{SIGN_IN}?next=/"
    assert visitor.get(sent["Location"]).status_code == 200


def test_every_page_is_known_by_its_own_name():
    names = {pattern.callback.view_class.__name__ for pattern in urls.urlpatterns}
    assert names == {"SignInView", "SignUpView", "CodeView", "SignOutView", "NotMeView", "UnlockView"}
