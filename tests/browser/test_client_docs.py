"""The scripts in docs/javascript.md, run in a browser as somebody would have copied them."""

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from passwordless_otp.models import Identifier
from tests.browser.conftest import newest_code
from tests.docs.blocks import ROOT, blocks
from tests.js import packages

pytestmark = [pytest.mark.browser, pytest.mark.slow]
DOCS = ROOT / "docs/javascript.md"
LOADING, PAGE = [block.text for block in blocks(DOCS, "html")]
_NEXT, MODULE, SIGN_UP, SIGN_OUT, SIGN_IN, REFUSAL, ENVIRONMENT, ABORT, SCRIPT = [
    block.text for block in blocks(DOCS, "js")
]
COMPONENT, MAIN = [block.text for block in blocks(DOCS, "tsx")]
REACT = COMPONENT.replace("export default ", "") + MAIN.replace('import App from "./sign-up";', "")
SCRIPTS = {"18": packages.REACT_18, "19": {}}


def show(text):
    """Return a view that renders this template, under a strict policy."""

    def view(request):
        response = HttpResponse(engines["django"].from_string(text).render({}, request))
        response["Content-Security-Policy"] = "default-src 'self'"
        return response

    return view


urlpatterns = [
    path("auth/", include("passwordless_otp.urls")),
    path("calls/", show(f"<title>Calls</title>{LOADING}")),
    path("page/", show(PAGE)),
    path("react/", show(f'<div id="app"></div>{LOADING}<script type="module" src="/static/app.js"></script>')),
    path("", lambda request: HttpResponse("home")),
]


@pytest.fixture
def page(site, settings, new_page):
    settings.ROOT_URLCONF = __name__
    return new_page(javascript=True)


@pytest.fixture
def shell(site, page):
    """Run a block as a module, and return what it has logged."""
    page.expose_function("ask", lambda question: newest_code())
    page.goto(f"{site}/calls/")
    logged, number = [], [0]
    page.on("console", lambda message: logged.append(message.text) if message.type == "log" else None)

    def run(block):
        number[0] += 1
        name = f"/static/block-{number[0]}.js"
        page.route(
            f"**{name}", lambda route: route.fulfill(body=f"{block}\nexport {{}}", content_type="text/javascript")
        )
        page.evaluate("(name) => import(name).then(() => null)", name)
        return logged

    return run


def who(page):
    return page.evaluate(
        "PasswordlessOTP.client.load().then(({user}) => user && user.phoneNumbers[0].phoneNumber)"
    )


def test_the_calls_sign_up_sign_out_and_sign_in(page, shell):
    shell(SIGN_UP)
    assert Identifier.objects.get().value == who(page) == "+14155552671"
    assert shell(SIGN_OUT) == ["Goodbye, +14155552671"]
    assert who(page) is None
    shell(SIGN_IN)
    assert who(page) == "+14155552671"
    shell(MODULE)


def test_the_environment_is_what_the_comments_say(shell):
    expected = [line.partition("// ")[2] for line in ENVIRONMENT.splitlines() if "console.log" in line]
    assert shell(ENVIRONMENT) == expected


def test_an_aborted_call_sends_nothing(page, shell):
    sent = []
    page.on("request", lambda request: sent.append(request.url) if "/v1/" in request.url else None)
    assert shell(ABORT) == ["AbortError"]
    assert sent == []


def test_a_refusal_tells_what_the_comments_say(shell):
    logged = shell(REFUSAL)
    expected = [line.partition("// ")[2] for line in REFUSAL.splitlines() if "console.log" in line]
    assert logged[:3] == expected[:3]
    assert logged[3].endswith(".")
    assert logged[4] == "null"


def test_the_whole_page_signs_in_also_after_a_reload(site, page):
    user = get_user_model().objects.create_user("jane")
    Identifier.objects.create(user=user, kind="email_address", value="jane@example.com")
    page.route("**/shop/sign-in.js", lambda route: route.fulfill(body=SCRIPT, content_type="text/javascript"))
    page.goto(f"{site}/page/")
    page.get_by_label("Email address or phone number").fill("jane@example.com")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").wait_for()
    page.get_by_label("Code").fill("000000" if newest_code() != "000000" else "111111")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_text("This code is not right").wait_for()
    page.reload()
    page.get_by_label("Code").fill(newest_code())
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site}/")
    page.goto(f"{site}/page/")
    assert page.evaluate("PasswordlessOTP.client.load().then(({user}) => user.id)") == f"user_{user.pk}"


@pytest.mark.parametrize("version", SCRIPTS)
def test_the_react_example_signs_up_and_out(site, page, version):
    bundle = packages.bundled(f"react-{version}", REACT, **SCRIPTS[version])
    page.route("**/static/app.js", lambda route: route.fulfill(body=bundle, content_type="text/javascript"))
    page.goto(f"{site}/react/")
    page.get_by_label("Email address").fill("jane@example.com")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Code").fill("what code?")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("This code is not right").wait_for()
    page.get_by_label("Code").fill(newest_code())
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Hello, jane@example.com").wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Email address").wait_for()
