"""Front ends with a bundler in a browser, before Django, from the blocks of docs/javascript.md."""

import json
import urllib.request

import pytest
from django.contrib.auth import get_user_model

from tests.browser.conftest import newest_code
from tests.js import front_end

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def sign_up_and_out(page, url):
    page.goto(url)
    page.get_by_label("Email address").fill("jane@example.com")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").wait_for()
    page.get_by_label("Code").fill(newest_code())
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Hello, jane@example.com").wait_for()
    page.reload()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Email address").wait_for()
    assert get_user_model().objects.count() == 1


def test_development_server_of_vite_needs_no_setting(site, new_page):
    with (
        front_end.vite(django=site) as made,
        made.served("vite/bin/vite.js", "--host", "127.0.0.1", "--strictPort") as url,
    ):
        sign_up_and_out(new_page(javascript=True), url)


def test_next_needs_its_origin_in_csrf_trusted_origins_and_is_told_so(site, new_page, settings, caplog):
    settings.DEBUG = True
    with front_end.next_js(django=site) as made:
        made.npx("next", "build")
        with made.served("next/dist/bin/next", "start", "--hostname", "127.0.0.1") as url:
            words = refused(url)
            assert f"'{url}'" in words
            assert "CSRF_TRUSTED_ORIGINS" in words
            assert words.partition(". A proxy")[0] in caplog.text
            settings.CSRF_TRUSTED_ORIGINS = [url]
            sign_up_and_out(new_page(javascript=True), url)


def refused(url):
    """Return the words of the refusal of a call that a page of this origin makes."""
    headers = {"Origin": url, "Content-Type": "application/json"}
    call = urllib.request.Request(f"{url}/auth/v1/client/sign_ups", b"{}", headers, method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(call, timeout=30)
    return json.load(caught.value)["errors"][0]["long_message"]
