"""The app's pages in a template of the site's own, with a form of the site's own, in a browser."""

import pytest
from django.http import HttpResponse
from django.urls import include, path

from passwordless_otp import urls, views
from tests.browser.conftest import axe, configure, follow, newest_code

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OURS = [
    path("sign-in/", views.SignInView.as_view(template_name="own/sign_in.html"), name="sign_in"),
    path("sign-up/", views.SignUpView.as_view(template_name="own/sign_up.html"), name="sign_up"),
    path(
        "sign-up/verify/",
        views.CodeView.as_view(purpose="sign_up", template_name="own/verify.html"),
        name="sign_up_verify",
    ),
    *urls.urlpatterns,
]
urlpatterns = [
    path("own/", include((OURS, "passwordless_otp"))),
    path("", lambda request: HttpResponse("home")),
]
BASE = """{% load static %}<!doctype html><html lang="en"><head><title>Own</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="{% static 'passwordless_otp/passwordless_otp.css' %}"></head>
<body class="otp"><main class="otp-card">{% block content %}{% endblock %}</main></body></html>"""
PAGE = """{{% extends "base.html" %}}{{% block content %}}
{{% include "passwordless_otp/content/{}.html" %}}{{% endblock %}}"""


@pytest.fixture
def own(site, settings, tmp_path):
    """The address of a site that has templates, views and a form of its own."""
    settings.ROOT_URLCONF = __name__
    (tmp_path / "own").mkdir()
    (tmp_path / "base.html").write_text(BASE)
    for name in ["sign_in", "sign_up", "verify"]:
        (tmp_path / "own" / f"{name}.html").write_text(PAGE.format(name))
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    form = {"SIGN_UP_FORM": "tests.pages.sign_up_forms.About"}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **form}
    configure(phone_number_enabled=False, phone_number_used_for_identification=False, phone_code=False)
    return f"{site}/own"


@pytest.mark.parametrize("javascript", [True, False])
def test_sign_up_in_a_template_of_the_site_shows_errors_and_signs_up(own, new_page, javascript):
    page = new_page(javascript=javascript)
    page.goto(f"{own}/sign-up/")
    page.locator("[name=email_address]").fill("jane@")
    page.get_by_label("Company").fill("Willow")

    page.get_by_label("Small").check()
    follow(page.get_by_role("button", name="Continue"))
    assert page.get_by_role("alert").is_visible()
    assert page.get_by_label("Company").input_value() == "Willow"
    assert page.get_by_label("Small").is_checked()
    page.locator("[name=email_address]").fill("jane@example.com")
    follow(page.get_by_role("button", name="Continue"))
    page.get_by_label("Code").press_sequentially(newest_code())
    if not javascript:  # with it, a whole code submits itself
        follow(page.get_by_role("button", name="Continue"))
    page.wait_for_url(own.removesuffix("own"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_form_of_the_site_is_accessible(own, new_page, scheme):
    page = new_page(javascript=True, color_scheme=scheme)
    page.goto(f"{own}/sign-up/")
    for _ in range(2):
        results = axe().run(page)
        assert results.violations_count == 0, results.generate_report()
        page.locator("form").first.evaluate("form => form.noValidate = true")
        follow(page.get_by_role("button", name="Continue"))
