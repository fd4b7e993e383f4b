"""The link in a notice, in a real browser without JavaScript."""

import re

import pytest

from passwordless_otp.messaging.backends import memory
from tests.browser.conftest import follow
from tests.browser.test_pages import submit
from tests.visitor import ApiVisitor, joined, newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def intruder(site):
    joined()
    visitor = ApiVisitor()
    visitor.sign_in("jane@example.com", "email_code")
    visitor.attempt(newest_code())
    return visitor


@pytest.fixture
def link(site, intruder):
    [path] = re.findall(r"https://example.com(/auth/not-me/\S+/)", memory.sent[-1].text)
    return site + path


def test_the_button_works_without_javascript(link, intruder, new_page):
    page = new_page(javascript=False)
    page.goto(link)
    assert intruder.signed_in
    submit(page)
    assert "You are signed out everywhere" in page.title()
    assert intruder.signed_in is None


def test_no_request_from_the_page_names_the_link(link, new_page):
    page = new_page(javascript=False)
    seen = []
    page.on("request", lambda request: seen.extend([request]))
    page.goto(link)
    submit(page)
    follow(page.get_by_role("link", name="Sign in"))
    referers = [request.all_headers().get("referer", "") for request in seen]
    assert any(referers)
    assert [referer for referer in referers if "not-me" in referer] == []
    [post] = [request for request in seen if request.method == "POST"]
    assert post.all_headers()["origin"] in link
