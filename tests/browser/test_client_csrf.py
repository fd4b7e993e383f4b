"""The client in a browser: cookies, tokens and modules as sites have them."""

import pytest
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from tests.browser.conftest import newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PAGE = "{% load passwordless_otp %}<!doctype html><title>Shop</title>{% otp_client %}"
SIGN_UP = """async () => {
  const { client } = PasswordlessOTP;
  await client.signUp.create({ emailAddress: "jane@example.com", strategy: "email_code" });
}"""
ATTEMPT = """async (code) => {
  const { client, setActive } = PasswordlessOTP;
  await client.signUp.attemptEmailAddressVerification({ code });
  await setActive({ session: client.signUp.createdSessionId });
  return client.user.emailAddresses[0].emailAddress;
}"""
SIGN_OUT = "() => PasswordlessOTP.signOut().then(() => PasswordlessOTP.client.user)"


def shop(request):
    response = HttpResponse(engines["django"].from_string(PAGE).render({}, request))
    response["Content-Security-Policy"] = "default-src 'self'"
    return response


urlpatterns = [path("otp/", include("passwordless_otp.urls")), path("shop/", shop)]


@pytest.fixture
def shop_page(site, settings, new_page):
    """Return a function that opens the shop, once the site's settings are made."""
    settings.ROOT_URLCONF = __name__

    def visit():
        page = new_page(javascript=True)
        page.goto(f"{site}/shop/")
        return page

    return visit


def go_through(page):
    page.evaluate(SIGN_UP)
    assert page.evaluate(ATTEMPT, newest_code()) == "jane@example.com"
    assert page.evaluate(SIGN_OUT) is None


def token_of(page, name="csrftoken"):
    return next(cookie["value"] for cookie in page.context.cookies() if cookie["name"] == name)


def test_every_call_carries_the_token_of_the_moment(shop_page):
    page = shop_page()
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("x-csrftoken")))
    first = token_of(page)
    go_through(page)
    assert sent[0] == first
    assert sent[-1] == token_of(page) != first
    assert None not in sent


@pytest.mark.parametrize("name", ["CSRF_COOKIE_HTTPONLY", "CSRF_USE_SESSIONS"])
def test_a_site_that_hides_the_token_from_scripts_is_served_too(shop_page, settings, name):
    setattr(settings, name, True)
    go_through(shop_page())


def test_a_site_with_names_of_its_own_is_served(shop_page, settings):
    settings.CSRF_COOKIE_NAME, settings.CSRF_HEADER_NAME = "shop_csrf", "HTTP_X_SHOP"
    page = shop_page()
    sent = []
    page.on("request", lambda request: sent.append(request.headers.get("x-shop")))
    go_through(page)
    assert sent[-1] == token_of(page, "shop_csrf")


def test_a_page_that_loads_the_script_and_the_module_has_one_client(shop_page):
    page = shop_page()
    same = """async () => {
      const before = PasswordlessOTP;
      const module = await import("/static/passwordless_otp/client.module.js");
      const names = [before, module].map((names) => Object.keys(names).sort().join());
      const error = new before.OTPError(404, [{ code: "c", message: "m", meta: {} }]);
      const same = module.client === before.client && error instanceof module.OTPError;
      return same && before === PasswordlessOTP && names[0] === names[1];
    }"""
    assert page.evaluate(same)


def test_the_module_alone_works_and_defines_nothing(shop_page, site, new_page):
    shop_page()
    page = new_page(javascript=True)
    page.goto(f"{site}/otp/sign-in/")
    create = """() => import("/static/passwordless_otp/client.module.js")
      .then(({createClient}) => createClient({baseUrl: "/otp/"}).load()).then(({isLoaded}) => isLoaded)"""
    assert page.evaluate(create)
    assert page.evaluate("typeof PasswordlessOTP") == "undefined"
