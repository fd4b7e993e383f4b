"""Views and forms of the app, subclassed and given options by a site, below URLs of its own."""

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.urls import include, path, set_urlconf

from passwordless_otp import urls, views
from tests.pages.conftest import EMAIL, newest_code, text_of, wrong_code


class ShopSignInForm(views.SignInForm):
    identifier = forms.CharField(help_text="As on your invoice.")


class ShopSignIn(views.SignInView):
    form_class = ShopSignInForm
    extra_context = {"support_email": "shop@example.com", "brand": "Willow"}
    template_name = "shop/sign_in.html"


class ShopCode(views.CodeView):
    def get_success_url(self):
        return f"/customers/{self.request.user.pk}/"


SHOP = [
    path("login/", ShopSignIn.as_view(), name="sign_in"),
    path("login/code/", ShopCode.as_view(), name="sign_in_verify"),
    path("join/", views.SignUpView.as_view(success_url="/welcome/"), name="sign_up"),
    path("join/code/", ShopCode.as_view(purpose="sign_up"), name="sign_up_verify"),
    path("leave/", views.SignOutView.as_view(), name="sign_out"),
]


class Namespaced:
    urlpatterns = [path("auth/", include(urls)), path("shop/", include((SHOP, "shop")))]


class Plain:
    urlpatterns = [path("shop/", include(SHOP)), path("auth/", include(urls))]


class Alone:
    urlpatterns = [path("shop/", include(SHOP))]


class InPlace:
    """One of the app's pages replaced, under its own name and path."""

    ours = [path("sign-in/", ShopSignIn.as_view(), name="sign_in"), *urls.urlpatterns]
    urlpatterns = [path("shop/", include((ours, "passwordless_otp")))]


class OnlyOne:
    """A view of the site's own beside pages of its own that have the names of ours."""

    urlpatterns = [
        path("shop/login/", ShopSignIn.as_view(), name="login"),
        path("marketing/", lambda request: None, name="sign_up"),
        path("auth/", include(urls)),
    ]


@pytest.fixture
def include_at(settings, tmp_path):
    (tmp_path / "shop").mkdir()
    (tmp_path / "base.html").write_text("<title>{{ brand }}</title>{% block content %}{% endblock %}<hr>")
    (tmp_path / "shop/sign_in.html").write_text(
        "{% extends 'base.html' %}{% block content %}"
        "{% include 'passwordless_otp/content/sign_in.html' %}{% endblock %}"
    )
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]

    def use(urlconf):
        settings.ROOT_URLCONF = urlconf

    yield use
    set_urlconf(None)


@pytest.mark.parametrize("urlconf", [Namespaced, Plain, Alone])
def test_pages_of_a_site_lead_to_each_other(visitor, make_user, include_at, urlconf):
    include_at(urlconf)
    user = make_user(EMAIL)
    page = text_of(visitor.get("/shop/login/"))
    assert 'action="/shop/login/"' in page
    assert 'href="/shop/join/"' in page
    asked = visitor.submit("/shop/login/", {"identifier": EMAIL})
    assert asked["Location"] == "/shop/login/code/"
    assert 'href="/shop/login/"' in text_of(visitor.get("/shop/login/code/"))
    done = visitor.submit("/shop/login/code/", {"code": newest_code()})
    assert done["Location"] == f"/customers/{user.pk}/"
    assert visitor.submit("/shop/leave/")["Location"] == "/shop/login/"


def test_replaced_page_leads_to_the_others_of_the_app(visitor, make_user, include_at):
    include_at(InPlace)
    make_user(EMAIL)
    assert "As on your invoice." in text_of(visitor.get("/shop/sign-in/"))
    assert visitor.submit("/shop/sign-in/", {"identifier": EMAIL})["Location"] == "/shop/sign-in/verify/"
    assert 'href="/shop/sign-in/"' in text_of(visitor.get("/shop/sign-in/verify/"))


def test_single_view_leads_to_the_apps_pages_and_never_to_other_views_of_that_name(visitor, include_at):
    include_at(OnlyOne)
    page = text_of(visitor.get("/shop/login/"))
    assert 'href="/auth/sign-up/"' in page
    assert "/marketing/" not in page
    assert visitor.submit("/shop/login/", {"identifier": EMAIL})["Location"] == "/auth/sign-in/verify/"


def test_template_of_the_site_shows_the_form_with_its_errors_and_extra_context(visitor, include_at):
    include_at(Namespaced)
    page = visitor.submit("/shop/login/", {"identifier": "jane@"})
    assert page.status_code == 422
    assert "<title>Willow</title>" in text_of(page)
    assert 'id="id_identifier_error"' in text_of(page)
    assert "As on your invoice." in text_of(page)
    assert text_of(page).rstrip().endswith("<hr>")


def test_extra_context_reaches_the_pages_without_a_form(visitor, include_at, configure, settings, tmp_path):
    include_at(Namespaced)
    (tmp_path / "passwordless_otp").mkdir()
    (tmp_path / "passwordless_otp/base.html").write_text('{% extends "base.html" %}')
    configure(email_address_enabled=False)
    assert "<title>Willow</title>" in text_of(visitor.get("/shop/login/"))
    configure(email_address_enabled=True)
    too_large = visitor.submit("/shop/login/", {"identifier": "x" * 70_000})
    assert (too_large.status_code, "<title>Willow</title>" in text_of(too_large)) == (413, True)


def test_username_taken_meanwhile_is_asked_for_on_the_sites_sign_up_page(visitor, include_at, configure):
    include_at(Namespaced)
    configure(username="required")
    visitor.submit("/shop/join/", {"email_address": EMAIL, "username": "jane"})
    get_user_model().objects.create_user("jane")
    page = visitor.submit("/shop/join/code/", {"code": newest_code()})
    assert page.status_code == 422
    assert 'action="/shop/join/"' in text_of(page)
    done = visitor.submit("/shop/join/", {"username": "jane2"})
    assert done["Location"] == "/welcome/"


def test_success_url_of_the_sign_out_page_is_followed(visitor, settings):
    ours = [path("leave/", views.SignOutView.as_view(success_url="/bye/"), name="sign_out"), *urls.urlpatterns]
    settings.ROOT_URLCONF = type("Site", (), {"urlpatterns": [path("", include((ours, "passwordless_otp")))]})
    assert visitor.submit("/leave/")["Location"] == "/bye/"
    assert visitor.submit("/leave/", {"next": "/there/"})["Location"] == "/there/"


@pytest.mark.parametrize("urlconf", [Namespaced, Alone])
def test_wrong_code_stays_on_the_sites_page(visitor, include_at, urlconf):
    include_at(urlconf)
    visitor.submit("/shop/join/", {"email_address": EMAIL})
    page = visitor.submit("/shop/join/code/", {"code": wrong_code()})
    assert page.status_code == 422
    assert 'action="/shop/join/code/"' in text_of(page)


class Aliases:
    urlpatterns = [
        path("accounts/", include("passwordless_otp.auth_urls")),
        path("x/", include(([path("auth/", include("passwordless_otp.urls"))], "mysite"))),
        path(
            "theirs/",
            views.SignInView.as_view(template_name="theirs.html"),
            name="theirs",
        ),
    ]


def test_login_and_logout_are_names_of_the_apps_pages(visitor, make_user, include_at, tmp_path):
    include_at(Aliases)
    (tmp_path / "theirs.html").write_text("{% url 'login' %} {% url 'logout' %}")
    assert text_of(visitor.get("/theirs/")) == "/accounts/login/ /accounts/logout/"
    make_user(EMAIL)
    assert 'href="/x/auth/sign-up/?next=%2Fthere%2F"' in text_of(visitor.get("/accounts/login/?next=/there/"))
    asked = visitor.submit("/accounts/login/", {"identifier": EMAIL, "next": "/there/"})
    assert asked["Location"] == "/x/auth/sign-in/verify/?next=%2Fthere%2F"
    visitor.submit(asked["Location"], {"code": newest_code()})
    assert visitor.user_id
    assert "Sign out?" in text_of(visitor.get("/accounts/logout/"))
    assert visitor.user_id, "a link signs nobody out"
    visitor.submit("/accounts/logout/")
    assert not visitor.user_id
