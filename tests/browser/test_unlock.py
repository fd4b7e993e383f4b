"""An owner whom strangers keep waiting, and the link in their mail, in real browsers."""

import re

import pytest

from passwordless_otp.messaging.backends import memory
from tests.browser.test_pages import submit
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def link(site):
    """The unlock link: strangers have asked for codes until no more were sent."""
    joined()
    while ApiVisitor().sign_in(EMAIL, "email_code").status_code == 200:
        pass
    [path] = re.findall(r"https://example.com(/auth/unlock/\S+/)", memory.sent[-1].text)
    return site + path


def test_second_browser_opens_the_link_and_signs_in(site, link, new_page):
    first, second = new_page(), new_page(javascript=True)
    first.goto(f"{site}/auth/sign-in/")
    submit(first, identifier=EMAIL)
    assert "That was too often" in first.content()

    second.goto(link)
    submit(second)
    assert "You can ask for a code again in this browser." in second.content()
    submit(second, identifier=EMAIL)
    submit(second, code=newest_code())
    assert second.context.request.get(f"{site}/auth/v1/me").status == 200

    first.goto(f"{site}/auth/sign-in/")
    submit(first, identifier=EMAIL)
    assert "That was too often" in first.content()


def test_no_request_from_the_page_names_the_link(link, new_page):
    page = new_page()
    seen = []
    page.on("request", lambda request: seen.extend([request]))
    page.goto(link)
    submit(page)
    referers = [request.all_headers().get("referer", "") for request in seen]
    assert any(referers)
    assert [referer for referer in referers if "unlock/" in referer] == []
    [post] = [request for request in seen if request.method == "POST"]
    assert post.all_headers()["origin"] in link
