"""The demo's own pages."""

import re

import pytest

from example_project import views
from example_project.inbox import Inbox
from tests.languages import TRANSLATED, translations


@pytest.mark.slow
def test_the_first_page_says_that_nobody_is_signed_in_and_where_to_go(browse):
    status, page = browse().get("/")
    assert status == 200
    assert "You are not signed in" in page
    assert {"/auth/sign-in/", "/auth/sign-up/", "/inbox/", "/admin/"} <= set(re.findall(r'href="([^"]+)"', page))


@pytest.mark.slow
def test_the_first_page_says_who_is_signed_in(browse):
    browser = browse()
    given = {"phone_number": "+11111111111", "strategy": "phone_code"}
    _, answer = browser.post("client/sign_ups", **given)
    path = f"client/sign_ups/{answer['response']['id']}/attempt_verification"
    browser.post(path, strategy="phone_code", code="123456")
    _, page = browser.get("/")
    assert "You are signed in" in page
    assert "+11111111111" in page
    assert 'action="/auth/sign-out/"' in page


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/", "/inbox/"])
def test_the_pages_need_no_inline_script_or_style(browse, path):
    _, page = browse().get(path)
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=", page)


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/static/example_project/demo.css", "/static/example_project/icon.svg"])
def test_static_files_are_served(browse, path):
    assert browse().get(path)[0] == 200


def test_the_inbox_is_shut_unless_the_demo_command_serves(rf):
    assert not views._may_read(rf.get("/inbox/"))


@pytest.mark.parametrize(("peer", "may"), [("127.0.0.1", True), ("::1", True), ("192.0.2.1", False), ("", False)])
def test_the_inbox_is_for_this_machine_alone(rf, monkeypatch, peer, may):
    monkeypatch.setattr(views, "inbox", Inbox([], open=True))
    assert views._may_read(rf.get("/inbox/", REMOTE_ADDR=peer)) is may


@pytest.mark.slow
def test_the_icon_that_browsers_ask_for_is_there(browse):
    status, _ = browse().get("/favicon.ico", "-L")
    assert status == 200


@pytest.mark.slow
@pytest.mark.parametrize("language", TRANSLATED)
def test_the_pages_of_the_app_follow_the_browsers_language(browse, language):
    _, page = browse().get("/auth/sign-in/", "-H", f"Accept-Language: {language},en;q=0.5")
    assert f'<html lang="{language}"' in page
    assert translations(language)["We send you a code. You need no password."] in page


@pytest.mark.slow
def test_a_language_that_we_lack_does_not_name_an_english_page(browse):
    _, page = browse().get("/auth/sign-in/", "-H", "Accept-Language: hu")
    assert '<html lang="en' in page
