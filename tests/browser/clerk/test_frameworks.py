"""Front ends made with `@clerk/react` 6 and `@clerk/vue`, under the settings of docs/migrating.md."""

from functools import cache
from pathlib import Path

import pytest

from tests.browser.clerk import scripts, visits
from tests.browser.clerk.test_components import give, type_code
from tests.browser.clerk.test_react import give_form
from tests.docs.blocks import ROOT, blocks
from tests.visitor import EMAIL, wrong

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = ROOT / "docs/migrating.md"
ENTRY = {
    "react": (blocks(PAGE, "jsx")[1].text, "react6.jsx", 'import App from "./App";\n'),
    "vue": (blocks(PAGE, "ts")[0].text, "vue.js", 'import App from "./App.vue";\n'),
}


@pytest.fixture
def version():
    """Both belong to this version of clerk-js."""
    return "v6"


@pytest.fixture(params=scripts.FRAMEWORKS)
def framework(request):
    """Each framework, one after the other."""
    return request.param


@cache
def bundle(framework):
    """Return the settings of the documentation around an ordinary app."""
    settings, name, imported = ENTRY[framework]
    assert imported in settings
    app = Path(__file__).with_name(name).read_text()
    app = app.replace("export default function App", "function App").replace("export default ", "const App = ")
    return scripts.bundled_for(framework, app + settings.replace(imported, ""))


@pytest.fixture
def visit_app(framework, static, visit):
    """Return a function that opens the app."""
    (static / "app.js").write_text(bundle(framework))
    return lambda query="": visit(f"/react/{query}")


def press(page, title, code):
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name=title).click()


def test_the_calls_of_the_framework_sign_up_sign_out_and_sign_in(visit_app):
    page = visit_app()
    code = give_form(page, "Sign up", EMAIL)
    press(page, "Sign up", wrong(code))
    page.get_by_role("alert").filter(has_text="right").wait_for()
    press(page, "Sign up", code)
    page.get_by_text(f"Hello, {EMAIL}.").wait_for()
    page.get_by_role("button", name="Leave").click()
    code = give_form(page, "Sign in", EMAIL)
    press(page, "Sign in", code)
    page.get_by_text(f"Hello, {EMAIL}.").wait_for()
    assert visits.signed_in_at_django(page) == EMAIL


def test_the_component_of_the_framework_signs_in(visit_app, strangers):
    visits.member(EMAIL)
    page = visit_app("?components")
    type_code(page, give(page, EMAIL))
    page.wait_for_url("**/account/")
    assert visits.signed_in_at_django(page) == EMAIL
    assert strangers == []


def test_the_user_button_leads_to_the_sites_account_page_and_signs_out(visit_app):
    visits.member(EMAIL)
    page = visit_app()
    press(page, "Sign in", give_form(page, "Sign in", EMAIL))
    page.get_by_role("button", name="Open user menu").click()
    page.get_by_text("Manage account").click()
    page.wait_for_url("**/account/")
    page.go_back()
    page.get_by_role("button", name="Open user menu").click()
    with page.expect_response(lambda response: "/client/sessions" in response.url):
        page.get_by_text("Sign out").last.click()
    page.wait_for_url(lambda url: not url.endswith("/react/"))
    assert visits.signed_in_at_django(page) is None
