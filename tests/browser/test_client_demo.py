"""The demo's pages that use the client, plain and with React 18 and 19, clicked through in a browser."""

import sqlite3
from contextlib import closing
from itertools import count

import pytest

from tests.browser.conftest import SCREENSHOTS, axe
from tests.demo.served import Demo
from tests.docs.blocks import ROOT
from tests.js import packages

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGES = ["js", "react-19", "react-18"]
KINDS = ["email", "phone"]
FIELD = "Email address or phone number"
TEST_NUMBER, TEST_CODE = "+11111111111", "123456"
BUNDLE = ROOT / "example_project/static/example_project/react.js"
numbers = count(1)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with Demo(tmp_path_factory.mktemp("demo")) as served:
        yield served


@pytest.fixture(scope="module")
def react_18():
    """The file that holds React, with the older one."""
    return packages.built("react-18", **packages.REACT_18)


@pytest.fixture(params=PAGES)
def page(request, demo, new_page):
    """A browser before one of the demo's pages."""
    page = new_page(javascript=True)
    if request.param == "react-18":
        body = request.getfixturevalue("react_18")
        page.route("**/react.js", lambda route: swap(route, body))
    page.goto(f"{demo.origin}/{request.param.split('-')[0]}/")
    page.get_by_label(FIELD).wait_for()
    return page


def swap(route, body):
    """Give the page another React; the hooks have the same file name."""
    if "/example_project/" in route.request.url:
        route.fulfill(body=body, content_type="text/javascript")
    else:
        route.fallback()


def somebody(kind):
    number = next(numbers)
    return f"somebody{number}@example.com" if kind == "email" else f"+141555526{number:02}"


def start(page, identifier, by="Sign up"):
    page.get_by_label(FIELD).fill(identifier)
    page.locator("#start").get_by_role("button", name=by).click()
    page.get_by_label("Code").wait_for()


def attempt(page, code):
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Continue").click()


def assert_signed_in(page, identifier):
    page.get_by_role("heading", name="You are signed in").wait_for()
    assert page.locator("main strong:visible").inner_text() == identifier


def wrong(code):
    return f"{(int(code) + 1) % 1000000:06}"


def joined(demo, page, kind="email"):
    """Sign up, and return who that is."""
    identifier = somebody(kind)
    start(page, identifier)
    attempt(page, demo.code(identifier))
    assert_signed_in(page, identifier)
    return identifier


@pytest.mark.parametrize("kind", KINDS)
def test_somebody_signs_up_signs_out_and_signs_in(demo, page, kind):
    identifier = joined(demo, page, kind)
    page.reload()
    assert_signed_in(page, identifier)
    page.get_by_role("button", name="Sign out").click()
    start(page, identifier, "Sign in")
    attempt(page, demo.code(identifier, 2))
    assert_signed_in(page, identifier)
    page.goto(f"{demo.origin}/")
    assert page.get_by_text(identifier).is_visible()


def test_the_test_number_gets_in_with_its_fixed_code(page):
    start(page, TEST_NUMBER)
    attempt(page, TEST_CODE)
    assert_signed_in(page, TEST_NUMBER)
    page.get_by_role("button", name="Sign out").click()
    start(page, TEST_NUMBER, "Sign in")
    attempt(page, "123-456")
    assert_signed_in(page, TEST_NUMBER)


def test_a_wrong_code_is_said_and_the_right_one_still_works(demo, page):
    identifier = somebody("email")
    start(page, identifier)
    code = demo.code(identifier)
    attempt(page, wrong(code))
    page.get_by_text("This code is not right.").wait_for()
    attempt(page, f"{code[:3]} {code[3:]}")
    assert_signed_in(page, identifier)


def test_what_cannot_be_an_address_is_said_and_can_be_corrected(demo, page):
    page.get_by_label(FIELD).fill("12")
    page.locator("#start").get_by_role("button", name="Sign up").click()
    page.locator("[role=alert]:not(:empty)").wait_for()
    identifier = somebody("email")
    start(page, identifier)
    attempt(page, demo.code(identifier))
    assert_signed_in(page, identifier)


def test_a_reload_goes_on_where_the_visitor_is(demo, page):
    identifier = somebody("phone")
    start(page, identifier)
    page.reload()
    page.get_by_label("Code").wait_for()
    attempt(page, demo.code(identifier))
    assert_signed_in(page, identifier)
    assert len(demo.wait_for(rf"\[sms to \{identifier}\]")) == 1


def test_a_code_is_sent_again_once_it_is_time(demo, page):
    identifier = somebody("email")
    start(page, identifier)
    code = demo.code(identifier)
    with page.expect_response("**/prepare_verification"):
        page.get_by_role("button", name="Send it again").click()
    assert demo.text().count(f"[email to {identifier}]") == 1
    let_time_pass(demo)
    page.get_by_role("button", name="Send it again").click()
    assert demo.code(identifier, 2) == code
    attempt(page, code)
    assert_signed_in(page, identifier)


def let_time_pass(demo):
    """Let every message so far have been sent a minute ago."""
    with closing(sqlite3.connect(demo.folder / "demo.sqlite3", timeout=20)) as database, database:
        table = "passwordless_otp_verification"
        for column in ["prepared_at", "last_sent_at"]:
            database.execute(f"UPDATE {table} SET {column} = datetime({column}, '-60 seconds')")


def test_somebody_who_starts_again_gets_in_as_somebody_else(demo, page):
    start(page, somebody("email"))
    page.get_by_role("button", name="Start again").click()
    joined(demo, page)


def test_a_session_that_expired_meanwhile_leads_back_to_the_start(demo, page):
    joined(demo, page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label(FIELD).wait_for()
    joined(demo, page)


def test_a_login_in_another_tab_is_shown_instead_of_a_second_one(demo, page):
    other = page.context.new_page()
    other.goto(page.url)
    identifier = joined(demo, other)
    page.get_by_label(FIELD).fill(somebody("email"))
    page.locator("#start").get_by_role("button", name="Sign in").click()
    assert_signed_in(page, identifier)


def test_the_keyboard_alone_is_enough(demo, page):
    identifier = somebody("email")
    page.get_by_label(FIELD).focus()
    page.keyboard.type(identifier)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the second button: sign up
    page.locator("#code:focus").wait_for()
    page.keyboard.type(demo.code(identifier))
    page.keyboard.press("Enter")
    assert_signed_in(page, identifier)


def test_each_step_fits_and_is_accessible(demo, page):
    def look(step):
        for scheme in ["light", "dark"]:
            page.emulate_media(color_scheme=scheme)
            for width in [320, 390, 1280]:
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
                name = f"demo-{'react' if 'react' in page.url else 'js'}-{step}-{scheme}-{width}.png"
                page.screenshot(path=SCREENSHOTS / name, full_page=True)
            results = axe().run(page)
            assert results.violations_count == 0, results.generate_report()

    SCREENSHOTS.mkdir(exist_ok=True)
    look("start")
    identifier = somebody("email")
    start(page, identifier)
    attempt(page, wrong(demo.code(identifier)))
    page.get_by_text("This code is not right.").wait_for()
    look("error")
    attempt(page, demo.code(identifier))
    assert_signed_in(page, identifier)
    look("account")


def test_a_server_that_can_not_answer_is_said(demo, page):
    busy = {"errors": [{"code": "too_many_requests", "message": "m", "long_message": "Later.", "meta": {}}]}
    page.route("**/v1/client", lambda route: route.fulfill(status=429, json=busy))
    page.reload()
    page.get_by_text("Later." if "js" in page.url else "Nobody answers.").wait_for()


def test_react_in_the_demo_is_what_its_script_builds():
    assert packages.built("react-19") == BUNDLE.read_text()
