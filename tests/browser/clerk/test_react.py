"""A front end made with clerk-react, under the provider of docs/migrating.md."""

from functools import cache
from pathlib import Path

import pytest

from tests.browser.clerk import scripts, visits
from tests.browser.clerk.test_components import give, type_code
from tests.browser.conftest import newest_code
from tests.docs.blocks import ROOT, blocks
from tests.visitor import EMAIL, wrong

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PROVIDER = blocks(ROOT / "docs/migrating.md", "jsx")[0].text
IMPORT = 'import App from "./App";\n'
APP = Path(__file__).with_name("app.jsx").read_text()


@pytest.fixture(params=scripts.REACT)
def version(request):
    """The version of clerk-react, and of the clerk-js that belongs to it."""
    return request.param


@cache
def bundle(version):
    """Return the provider of the documentation around an ordinary app."""
    assert IMPORT in PROVIDER
    return scripts.bundled(APP.replace("export default ", "") + PROVIDER.replace(IMPORT, ""), version)


@pytest.fixture
def visit_app(version, static, visit):
    """Return a function that opens the app."""
    (static / "app.js").write_text(bundle(version))
    return lambda query="": visit(f"/react/{query}")


def give_form(page, title, identifier):
    """Send a form of the app, and return the code that was sent."""
    page.get_by_label(f"{title} with").fill(identifier)
    page.get_by_role("button", name=title).click()
    page.get_by_label("Code").wait_for()
    return newest_code()


def test_the_hooks_sign_up_sign_out_and_sign_in(visit_app):
    page = visit_app()
    code = give_form(page, "Sign up", EMAIL)
    page.get_by_label("Code").fill(wrong(code))
    page.get_by_role("button", name="Sign up").click()
    page.get_by_text("This code is not right.").wait_for()
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign up").click()
    page.get_by_text(f"Hello, {EMAIL}.").wait_for()
    page.get_by_role("button", name="Sign out").click()
    code = give_form(page, "Sign in", EMAIL)
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text(f"Hello, {EMAIL}.").wait_for()
    assert visits.signed_in_at_django(page) == EMAIL


def test_the_components_of_react_sign_in(visit_app):
    visits.member(EMAIL)
    page = visit_app("?components")
    type_code(page, give(page, EMAIL))
    page.wait_for_url("**/account/")
    assert visits.signed_in_at_django(page) == EMAIL
