"""The forms on a site's own page, with JavaScript on and off."""

import pytest
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from passwordless_otp.models import Identifier
from tests.browser.conftest import configure, follow, newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = """{% load passwordless_otp %}<!doctype html><html lang="en"><head><title>Shop</title></head><body>
<h1>Shop</h1>
<section id="in">{% otp_sign_in next="/account/" submit="Let me in" %}</section>
<section id="up">{% otp_sign_up next="/welcome/" %}</section>
<section id="foot">{% otp_sign_in %}</section>
{% otp_client %}
</body></html>"""


def shop(request):
    response = HttpResponse(engines["django"].from_string(PAGE).render({}, request))
    response["Content-Security-Policy"] = "default-src 'self'"
    return response


urlpatterns = [
    path("otp/", include("passwordless_otp.urls")),
    path("shop/", shop),
    path("account/", lambda request: HttpResponse("account")),
    path("welcome/", lambda request: HttpResponse("welcome")),
    path("", lambda request: HttpResponse("home")),
]


@pytest.fixture(params=[True, False], ids=["javascript", "no javascript"])
def page(request, site, settings, new_page):
    settings.ROOT_URLCONF = __name__
    page = new_page(javascript=request.param)
    page.goto(f"{site}/shop/")
    return page


def attempt(page, javascript):
    with page.expect_navigation():
        page.get_by_label("Code").fill(newest_code())  # with JavaScript, a whole code sends itself
        if not javascript:
            page.get_by_role("button", name="Continue").click()


@pytest.fixture
def javascript(request):
    return "no javascript" not in request.node.name


@pytest.mark.parametrize(
    ("place", "button", "end"), [("in", "Let me in", "/account/"), ("foot", "Continue", "/")]
)
def test_a_sign_in_form_on_a_foreign_page_signs_in(site, page, javascript, django_user_model, place, button, end):
    user = django_user_model.objects.create_user("jane")
    Identifier.objects.create(user=user, kind="email_address", value="jane@example.com")
    form = page.locator(f"#{place}")
    form.get_by_label("Email address or phone number").fill("jane@example.com")
    follow(form.get_by_role("button", name=button))
    attempt(page, javascript)
    page.wait_for_url(f"{site}{end}")
    page.goto(f"{site}/shop/")
    assert page.get_by_text("Signed in as jane@example.com").count() == 3
    follow(page.locator("#in").get_by_role("button", name="Sign out"))
    page.goto(f"{site}/shop/")
    assert page.locator("form.otp-form").count() == 3


@pytest.mark.parametrize(
    ("label", "value"), [("Email address", "jo@example.com"), ("Phone number", "+14155552671")]
)
def test_a_sign_up_form_on_a_foreign_page_signs_up(site, page, javascript, label, value):
    form = page.locator("#up")
    form.get_by_label(label, exact=True).fill(value)
    follow(form.get_by_role("button", name="Create an account"))
    attempt(page, javascript)
    page.wait_for_url(f"{site}/welcome/")
    assert Identifier.objects.get().value == value


def test_what_is_wrong_is_said_on_our_page_which_goes_on_from_there(site, page, javascript):
    page.locator("#in").get_by_label("Email address or phone number").fill("jane@")
    follow(page.locator("#in").get_by_role("button"))
    assert page.get_by_role("alert").is_visible()
    page.get_by_label("Email address or phone number").fill("jane@example.com")
    follow(page.get_by_role("button", name="Continue"))
    attempt(page, javascript)
    page.get_by_role("heading", name="Create an account?").wait_for()
    follow(page.get_by_role("button", name="Continue"))
    page.wait_for_url(f"{site}/account/")


def test_somebody_with_something_proven_can_begin_anew_on_a_foreign_page(site, page, javascript):
    configure(first_name="required")
    page.locator("#in").get_by_label("Email address or phone number").fill("old@example.com")
    follow(page.locator("#in").get_by_role("button"))
    attempt(page, javascript)
    page.get_by_role("heading", name="Create an account?").wait_for()
    page.goto(f"{site}/shop/")
    form = page.locator("#up")
    form.get_by_label("Email address").fill("new@example.com")
    form.get_by_label("First name").fill("Jane")
    follow(form.get_by_role("button"))
    attempt(page, javascript)
    page.wait_for_url(f"{site}/welcome/")
    assert Identifier.objects.get().value == "new@example.com"


def test_forms_on_one_page_have_ids_of_their_own_and_the_client_knows_where_it_is(site, page, javascript):
    ids = page.locator("[id]").evaluate_all("all => all.map((one) => one.id)")
    assert len(ids) == len(set(ids))
    assert page.locator("label").count() == page.locator("label[for]").count() == 4
    if javascript:
        assert page.evaluate("PasswordlessOTP.client.load().then((client) => client.isLoaded)")
        create = (
            "PasswordlessOTP.client.signIn.create({identifier: 'jane@example.com'}).then(({status}) => status)"
        )
        assert page.evaluate(create) == "needs_first_factor"
