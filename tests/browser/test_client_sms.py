"""The browser reads the code out of an SMS (WebOTP). No SMS reaches Chromium here, so its part is played."""

import pytest

from tests.browser.conftest import follow, newest_code
from tests.browser.test_client_field import begin, retell

pytestmark = [pytest.mark.browser, pytest.mark.slow]
WEB_OTP = """
window.OTPCredential = class {};
window.asked = [];
navigator.credentials.get = (options) => new Promise((resolve, reject) => {
  window.asked.push(options.otp.transport.join());
  options.signal.addEventListener("abort", () => {
    localStorage.aborted = "yes";
    reject(options.signal.reason);
  });
  window.arrive = (code) => resolve({code});
});
"""


def asked(page):
    """Wait until the page has asked the browser for the SMS."""
    for _ in range(200):
        if page.evaluate("window.asked && window.asked.length"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the page has asked for nothing")


def test_the_browser_fills_in_what_came_by_sms(site, new_page):
    page = new_page(javascript=True)
    page.add_init_script(WEB_OTP)
    begin(page, site, "+14155552671")
    asked(page)
    assert page.evaluate("window.asked") == ["sms"]
    page.evaluate("(code) => window.arrive(code)", newest_code())
    page.wait_for_url(f"{site}/")


def test_waiting_for_an_sms_ends_when_the_code_is_sent(site, new_page):
    page = new_page(javascript=True)
    page.add_init_script(WEB_OTP)
    begin(page, site, "+14155552671")
    retell(page, 6, "digits")
    page.evaluate("localStorage.removeItem('aborted')")
    page.get_by_label("Code").press_sequentially("123456")
    assert page.evaluate("window.sent") == ["123456"]
    assert page.evaluate("localStorage.aborted") == "yes"


def test_waiting_for_an_sms_ends_when_the_page_is_left(site, new_page):
    page = new_page(javascript=True)
    page.add_init_script(WEB_OTP)
    begin(page, site, "+14155552671")
    asked(page)
    assert page.evaluate("localStorage.aborted") is None
    follow(page.get_by_role("link", name="Change"))
    assert page.evaluate("localStorage.aborted") == "yes"


def test_nobody_waits_for_an_sms_that_was_an_email(site, new_page):
    page = new_page(javascript=True)
    page.add_init_script(WEB_OTP)
    begin(page, site, "jane@example.com")
    assert page.evaluate("window.asked") == []
