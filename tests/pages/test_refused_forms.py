"""A form that can't be accepted is answered by a page of ours: with why, what was typed, and a way on."""

import logging
import re
from datetime import timedelta

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.template import engines
from django.urls import include, set_script_prefix, set_urlconf
from django.urls import path as route
from django.utils import timezone

from passwordless_otp import links
from passwordless_otp.models import Flow, Message, Verification
from passwordless_otp.models.flows import Status
from tests.pages.conftest import (
    EMAIL,
    SIGN_IN,
    SIGN_IN_VERIFY,
    SIGN_OUT,
    SIGN_UP,
    SIGN_UP_VERIFY,
    PageVisitor,
    newest_code,
    text_of,
    wrong_code,
)
from tests.unlocking import token

PATHS = [SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, SIGN_OUT]
STALE = {"csrfmiddlewaretoken": "s" * 32}
OUTDATED = "This page was out of date. Please do that again."
NO_COOKIES = "This browser keeps no cookies from this site."
REPLACED = "This sign-in was replaced by another one in this browser."
USED = "This code has been used. If you are not signed in, request a new one."
NOT_OURS = "This site could not make sure that the form came from its own page."


@pytest.fixture
def visitor(visitor):
    """A browser that has seen a page."""
    visitor.get(SIGN_IN)
    return visitor


def alert(page):
    return re.search(r'role="alert"[^>]*>(.*?)</div>', text_of(page)).group(1)


def ours(page):
    """Return whether the page is one of ours, with the headers of our pages."""
    return "otp-card" in text_of(page) and page["Cache-Control"] == "no-store"


def link(page, words):
    return re.search(rf'href="([^"]*)">{words}</a>', text_of(page)).group(1)


def post(visitor, path, page):
    """Post the form of this page again, with the token and the values that it has."""
    hidden = re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', text_of(page))
    return visitor.post(path, dict(hidden))


def test_form_with_an_old_token_is_shown_again_with_what_was_typed_and_works(visitor):
    page = visitor.post(SIGN_IN, {"identifier": EMAIL, "next": "/cart/", **STALE})
    assert page.status_code == 403
    assert ours(page)
    assert alert(page) == OUTDATED
    assert "<title>Error: Sign in" in text_of(page)
    assert f'value="{EMAIL}"' in text_of(page)
    assert not Message.objects.exists()
    assert post(visitor, SIGN_IN, page)["Location"] == f"{SIGN_IN_VERIFY}?next=%2Fcart%2F"


def test_sign_up_form_keeps_what_was_typed_too_and_finds_no_fault_with_it_yet(visitor, configure):
    configure(first_name="required", last_name="required")
    page = visitor.post(SIGN_UP, {"email_address": EMAIL, "first_name": "Jané", "new": "1", **STALE})
    assert alert(page) == OUTDATED
    assert 'value="Jané"' in text_of(page)
    assert 'name="new" value="1"' in text_of(page)
    assert "otp-error" not in text_of(page)


@pytest.mark.parametrize("path", [SIGN_IN, SIGN_UP])
def test_who_has_signed_in_in_another_tab_is_told_so(visitor, make_user, path):
    visitor.force_login(make_user(EMAIL))
    page = visitor.post(path, {"identifier": EMAIL, "next": "/cart/", **STALE})
    assert page.status_code == 403
    assert "You are signed in" in text_of(page)
    assert link(page, "Continue") == "/cart/"


@pytest.mark.parametrize("path", [SIGN_IN_VERIFY, SIGN_UP_VERIFY])
def test_so_are_they_on_the_code_page_whose_flow_is_complete(visitor, make_user, path):
    make_user(EMAIL)
    visitor.ask()
    code = newest_code()
    visitor.submit(SIGN_IN_VERIFY, {"code": code})
    page = visitor.post(path, {"code": code, "next": "/cart/", **STALE})
    assert page.status_code == 403
    assert "You are signed in" in text_of(page)
    assert link(page, "Continue") == "/cart/"


def test_open_flow_takes_the_code_after_an_old_token_and_no_page_repeats_a_code(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    page = visitor.post(SIGN_IN_VERIFY, {"code": newest_code(), **STALE})
    assert (page.status_code, alert(page)) == (403, OUTDATED)
    assert newest_code() not in text_of(page)
    assert Verification.objects.get().tries == 0
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.user_id


def test_sign_out_in_an_older_tab_asks_again_and_says_who_is_signed_out_already(visitor, make_user):
    visitor.force_login(make_user(EMAIL))
    page = visitor.post(SIGN_OUT, STALE)
    assert (page.status_code, alert(page)) == (403, OUTDATED)
    assert post(visitor, SIGN_OUT, page).status_code == 303
    assert not visitor.user_id
    late = visitor.post(SIGN_OUT, STALE)
    assert late.status_code == 403
    assert "You are signed out" in text_of(late)


def test_pages_behind_links_ask_again_and_change_nothing(visitor, make_user):
    notice = Message.objects.create(kind="security_notice", user=make_user(EMAIL), channel="email", to=EMAIL)
    for path in [f"/auth/not-me/{links.token(notice.pk)}/", f"/auth/unlock/{token()}/"]:
        page = visitor.post(path, STALE)
        assert (page.status_code, alert(page)) == (403, OUTDATED)
        assert page["Referrer-Policy"] == "strict-origin"
        assert post(visitor, path, page).status_code == 303


@pytest.mark.parametrize("path", PATHS)
def test_browser_without_cookies_is_told_so(path):
    page = PageVisitor().post(path, {"identifier": EMAIL, "code": "123456", "next": "/cart/", **STALE})
    assert page.status_code == 403
    assert ours(page)
    assert NO_COOKIES in text_of(page) or path == SIGN_OUT
    assert "cart" in text_of(page)


@pytest.mark.parametrize(("tag", "field"), [("otp_sign_in", "identifier"), ("otp_sign_up", "email_address")])
def test_form_on_a_page_of_the_site_that_a_cache_has_kept_needs_one_more_press(rf, tag, field):
    request = rf.get("/shop/")
    request.user = AnonymousUser()
    text = f"{{% load passwordless_otp %}}{{% {tag} next='/cart/' %}}"
    form = engines["django"].from_string(text).render({}, request)
    action = re.search(r'action="([^"]*)"', form).group(1)
    visitor, typed = PageVisitor(), {**dict(re.findall(r'name="(\w+)" value="([^"]*)"', form)), field: EMAIL}
    page = visitor.post(action, typed)
    assert (page.status_code, ours(page)) == (403, True)
    assert post(visitor, action, page)["Location"].endswith("verify/?next=%2Fcart%2F")


def test_once_it_keeps_them_its_form_works():
    visitor = PageVisitor()
    page = visitor.post(SIGN_IN, {"identifier": EMAIL, **STALE})
    assert f'value="{EMAIL}"' in text_of(page)
    assert post(visitor, SIGN_IN, page).status_code == 303


@pytest.mark.parametrize("middleware", [True, False])
def test_session_that_has_ended_with_its_token_is_no_browser_without_cookies(visitor, settings, middleware):
    settings.CSRF_USE_SESSIONS = True
    if not middleware:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "csrf" not in name]
    visitor.cookies["sessionid"] = "gone"
    page = visitor.post(SIGN_IN, {"identifier": EMAIL, **STALE})
    assert alert(page) == OUTDATED
    assert post(visitor, SIGN_IN, page).status_code == 303


def test_flow_that_is_lost_is_told_with_the_way_to_the_start(visitor):
    page = visitor.submit(SIGN_IN_VERIFY, {"code": "123456", "next": "/cart/"})
    assert page.status_code == 404
    assert "could not be found in this browser" in alert(page)
    assert link(page, "Start again") == f"{SIGN_IN}?next=%2Fcart%2F"


@pytest.mark.parametrize("flow", ["nonsense", "0" * 32, "\ud800"])
def test_id_that_was_made_up_is_a_lost_flow(visitor, flow):
    answer = visitor.submit(SIGN_IN_VERIFY, {"code": "1", "flow": flow.encode("utf-8", "replace").decode()})
    assert answer.status_code == 404


@pytest.mark.parametrize("known", [True, False])
def test_second_click_with_the_cookie_of_before_says_that_the_code_was_used(visitor, make_user, known):
    if known:
        make_user(EMAIL)
    visitor.ask()
    second, flow = visitor.cookies["otp_client"].value, Flow.objects.get()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    late = PageVisitor()
    late.cookies["otp_client"] = second
    page = late.submit(SIGN_IN_VERIFY, {"code": newest_code(), "flow": flow.pk.hex, "next": "/cart/"})
    assert (page.status_code, alert(page)) == (400, USED)
    assert link(page, "Continue") == "/cart/"
    assert link(page, "Request a new code") == f"{SIGN_IN}?next=%2Fcart%2F"


def test_form_of_a_flow_that_was_replaced_is_no_try_of_the_new_one(visitor, make_user):
    make_user(EMAIL)
    make_user("john@example.com")
    visitor.ask()
    old, code = visitor.get(SIGN_IN_VERIFY), newest_code()
    visitor.ask("john@example.com")
    [hidden] = set(re.findall(r'name="flow" value="(\w+)"', text_of(old)))
    for button in [{"code": code}, {"send": "idn_x"}]:
        page = visitor.submit(SIGN_IN_VERIFY, {**button, "flow": hidden})
        assert (page.status_code, alert(page)) == (409, REPLACED)
        assert "john@example.com" in text_of(page)
    assert not Verification.objects.filter(tries__gt=0).exists()
    assert post(visitor, SIGN_IN_VERIFY, page).status_code == 422
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code(), "flow": Flow.objects.get(status=Status.OPEN).pk.hex})
    assert visitor.user_id


HTTPS = {"Origin": "https://testserver"}
OTHER = {"Origin": "https://www.example.org"}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("headers", "named"),
    [
        (HTTPS, "SECURE_PROXY_SSL_HEADER"),
        (OTHER, "CSRF_TRUSTED_ORIGINS"),
        ({"Origin": "null"}, "Referrer-Policy"),
        ({"Origin": "http://["}, ""),
    ],
)
def test_origin_that_django_refuses_is_explained_to_the_operator_only(
    visitor, settings, caplog, path, headers, named
):
    data = {"identifier": EMAIL, "next": "/cart/"}
    page = visitor.submit(path, data, headers=headers)
    assert page.status_code == 403
    assert ours(page)
    assert NOT_OURS in alert(page)
    assert link(page, "Try again") == f"{path}?next=%2Fcart%2F"
    assert EMAIL not in text_of(page)
    warned = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert any(named in each for each in warned if each.startswith("request_origin_refused"))
    assert not named or named not in text_of(page)
    settings.DEBUG = True
    assert named in alert(visitor.submit(path, data, headers=headers))
    assert not Message.objects.exists()


def test_https_without_origin_and_referer_is_still_refused(visitor):
    page = visitor.submit(SIGN_IN, {"identifier": EMAIL}, secure=True)
    assert (page.status_code, NOT_OURS in alert(page)) == (403, True)


def test_origin_and_token_of_the_site_are_accepted(visitor):
    for headers, secure in [({"Origin": "http://testserver"}, False), (HTTPS, True)]:
        assert visitor.submit(SIGN_IN, {"identifier": EMAIL}, headers=headers, secure=secure).status_code == 303


def test_secure_cookie_without_https_is_named_in_the_log(settings, caplog):
    settings.CSRF_COOKIE_SECURE = True
    page = PageVisitor().post(SIGN_IN, {"identifier": EMAIL, **STALE})
    assert NO_COOKIES in alert(page)
    assert "CSRF_COOKIE_SECURE" in caplog.text
    assert "CSRF_COOKIE_SECURE" not in text_of(page)


def test_below_a_prefix_every_link_has_it(visitor, settings):
    settings.FORCE_SCRIPT_NAME = "/shop"
    set_script_prefix("/shop/")
    for path in PATHS:
        for data in [STALE, {"csrfmiddlewaretoken": visitor.cookies["csrftoken"].value, "code": "1"}]:
            page = visitor.post(path, {**data, "next": "/shop/cart/"}, SCRIPT_NAME="/shop", follow=True)
            found = re.findall(r'(?:href|action)="(/[^"]*)"', text_of(page))
            assert ours(page) or path == SIGN_OUT
            assert all(each.startswith(("/shop/", "/static/")) for each in found), found
    set_script_prefix("/")


class Languages:
    urlpatterns = [*i18n_patterns(route("konto/", include("passwordless_otp.urls")), route("", HttpResponse))]


def test_below_a_language_the_answer_and_its_links_are_of_that_language(settings):
    settings.ROOT_URLCONF = Languages
    page = PageVisitor().post("/de/konto/sign-in/", {"identifier": EMAIL, **STALE})
    set_urlconf(None)
    assert page.status_code == 403
    assert '<html lang="de"' in text_of(page)
    assert 'action="/de/konto/sign-in/"' in text_of(page)


def test_what_is_sent_again_is_said_with_its_time(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    assert "Sent again" not in text_of(visitor.get(SIGN_IN_VERIFY))
    Verification.objects.update(last_sent_at=timezone.now() - timedelta(minutes=1))
    visitor.prepare()
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert re.search(
        r'role="status">Sent again at <time datetime="[^"]+">[^<]+</time>. Use the newest message.', page
    )
    assert "Sent again" not in text_of(visitor.submit(SIGN_IN_VERIFY, {"code": wrong_code()}))


@pytest.mark.parametrize(
    ("text", "shown"), [("jane@gmial.com", "jane@gmial.com"), ("j@exämple.com", "j@exämple.com")]
)
def test_what_was_typed_is_shown_whole(visitor, text, shown):
    visitor.ask(text)
    assert f"<bdi>{shown}</bdi>" in text_of(visitor.get(SIGN_IN_VERIFY))
    visitor.submit(SIGN_UP, {"email_address": text})
    assert f"<bdi>{shown}</bdi>" in text_of(visitor.get(SIGN_UP_VERIFY))


@pytest.mark.parametrize("engine", ["signed_cookies", "cached_db", "cache", "file"])
def test_every_session_engine_finds_who_is_signed_in(settings, make_user, engine, tmp_path):
    settings.SESSION_ENGINE, settings.SESSION_FILE_PATH = (
        f"django.contrib.sessions.backends.{engine}",
        str(tmp_path),
    )
    visitor = PageVisitor()
    visitor.get(SIGN_IN)
    visitor.force_login(make_user(EMAIL))
    assert "You are signed in" in text_of(visitor.post(SIGN_IN, STALE))
