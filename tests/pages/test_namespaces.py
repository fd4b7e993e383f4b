"""The pages, wherever a site includes them."""

import pytest
from django.contrib.auth.decorators import login_required
from django.core.checks import run_checks
from django.http import HttpResponse
from django.urls import NoReverseMatch, include, path, set_urlconf

from passwordless_otp import links
from tests.pages.conftest import EMAIL, newest_code, text_of

OURS = "passwordless_otp.urls"


@login_required
def private(request):
    return HttpResponse("private")


class Nested:
    urlpatterns = [
        path("site/", include(([path("auth/", include(OURS)), path("private/", private)], "mysite"))),
    ]
    name, prefix = "mysite:passwordless_otp", "/site/auth"


class Twice:
    urlpatterns = [path("site/", include(OURS)), path("other/", include(OURS, namespace="other"))]
    name, prefix = "other", "/other"


@pytest.fixture(params=[Nested, Twice])
def site(request, settings):
    settings.ROOT_URLCONF = request.param
    settings.LOGIN_URL = f"{request.param.name}:sign_in"
    yield request.param
    set_urlconf(None)


def test_the_pages_find_each_other(visitor, site, make_user):
    make_user(EMAIL)
    start = visitor.get(f"{site.prefix}/sign-in/")
    assert f'href="{site.prefix}/sign-up/"' in text_of(start)
    asked = visitor.submit(f"{site.prefix}/sign-in/", {"identifier": EMAIL})
    assert asked["Location"] == f"{site.prefix}/sign-in/verify/"
    assert visitor.submit(asked["Location"], {"code": newest_code()}).status_code == 303
    assert visitor.submit(f"{site.prefix}/sign-out/")["Location"] == f"{site.prefix}/sign-in/"


def test_messages_and_environment_link_to_the_pages(visitor, site):
    assert links.path("not_me", "token").endswith("/auth/not-me/token/") or site is Twice
    shown = visitor.get(f"{site.prefix}/v1/environment").json()["display_config"]
    assert shown["sign_in_url"].startswith("https://example.com/site/")
    assert "passwordless_otp.W007" not in [found.id for found in run_checks()]


def test_a_site_without_our_urls_has_no_path(settings):
    settings.ROOT_URLCONF = type("Empty", (), {"urlpatterns": []})
    with pytest.raises(NoReverseMatch):
        links.path("sign_in")


def test_a_sign_up_ends_there_too(visitor, site):
    asked = visitor.submit(f"{site.prefix}/sign-up/", {"email_address": EMAIL})
    assert asked["Location"] == f"{site.prefix}/sign-up/verify/"
    assert visitor.submit(asked["Location"], {"code": newest_code()}).status_code == 303


def test_login_required_leads_here_from_a_nested_namespace(visitor, settings):
    settings.ROOT_URLCONF, settings.LOGIN_URL = Nested, "mysite:passwordless_otp:sign_in"
    assert visitor.get("/site/private/")["Location"] == "/site/auth/sign-in/?next=/site/private/"
