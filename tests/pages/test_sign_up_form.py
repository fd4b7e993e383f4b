"""A form of the site's own on the sign-up page: from the page to CREATE_USER."""

import pytest
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured
from django.urls import include, path, set_urlconf

from passwordless_otp import conf, urls, views
from passwordless_otp.models import Flow
from tests.pages import sign_up_forms
from tests.pages.conftest import (
    EMAIL,
    PHONE,
    SIGN_IN_VERIFY,
    SIGN_UP,
    SIGN_UP_VERIFY,
    newest_code,
    text_of,
    wrong_code,
)
from tests.visitor import joined

HERE = sign_up_forms.__name__
GIVEN = {"company": "Willow", "topics": ["a", "b"], "born": "2001-02-03", "ref": "ad"}
KEPT = {**GIVEN, "company": "WILLOW", "size": "", "notes": ""}


@pytest.fixture(autouse=True)
def asks(settings):
    """Return a function that sets the form; the page has `About` to begin with."""

    def use(form, create="create_and_note"):
        names = {"SIGN_UP_FORM": f"{HERE}.{form}", "CREATE_USER": f"{HERE}.{create}"}
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **names}

    sign_up_forms.made.clear()
    use("About")
    yield use
    sign_up_forms.made.clear()


def test_what_was_given_reaches_create_user_with_the_code(visitor):
    assert visitor.submit(SIGN_UP, {"email_address": EMAIL, **GIVEN})["Location"] == SIGN_UP_VERIFY
    visitor.submit(SIGN_UP_VERIFY, {"code": wrong_code()})
    assert sign_up_forms.made == []
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert sign_up_forms.made == [KEPT]
    assert visitor.user_id


def test_fields_stand_after_the_apps_own_with_their_errors(visitor, configure):
    configure(first_name="optional")
    page = text_of(visitor.get(SIGN_UP))
    assert page.index('name="first_name"') < page.index('name="company"') < page.index('name="topics"')
    assert "<legend>Size" in page
    answer = visitor.submit(SIGN_UP, {"email_address": EMAIL, "born": "x"})
    assert answer.status_code == 422
    for name in ["company", "born"]:
        assert f'id="id_{name}_error"' in text_of(answer)
    assert not Flow.objects.exists()


def test_error_of_the_whole_form_is_shown(visitor):
    page = visitor.submit(SIGN_UP, {"email_address": EMAIL, "company": "nobody"})
    assert page.status_code == 422
    assert 'role="alert">We know nobody of that name.' in text_of(page)


def test_values_are_shown_again_until_the_sign_up_is_over(visitor):
    visitor.submit(SIGN_UP, {"email_address": EMAIL, **GIVEN})
    page = text_of(visitor.get(SIGN_UP))
    assert 'value="WILLOW"' in page
    assert 'value="2001-02-03"' in page
    assert page.count(" selected>") == 2
    assert "WILLOW" not in text_of(visitor.get(SIGN_UP, {"new": "1"}))


def test_changed_values_are_kept_while_the_code_stays_good(visitor):
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "company": "Willow"})
    code = newest_code()
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "company": "Oak"})
    visitor.submit(SIGN_UP_VERIFY, {"code": code})
    assert [extra["company"] for extra in sign_up_forms.made] == ["OAK"]


def test_values_are_erased_with_the_flow_whether_it_is_complete_or_replaced(visitor):
    visitor.submit(SIGN_UP, {"email_address": "other@example.com", **GIVEN})
    visitor.submit(SIGN_UP, {"email_address": EMAIL, **GIVEN})
    assert [bool(flow.extra) for flow in Flow.objects.order_by("pk")] == [False, True]
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert not any(Flow.objects.values_list("extra", flat=True))


def test_sign_in_with_an_unknown_address_asks_for_the_form_before_it_makes_a_user(visitor, asks):
    asks("Optional")
    visitor.ask()
    assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})["Location"] == SIGN_UP
    assert sign_up_forms.made == []
    page = text_of(visitor.get(SIGN_UP))
    assert "Send me news" in page
    assert 'class="otp-optional"' in page
    visitor.submit(SIGN_UP, {"news": "on"})
    assert sign_up_forms.made == [{"news": True}]


def test_two_identifiers_are_proven_and_nothing_is_asked_twice(visitor, both, configure):
    configure(email_address_required=True, phone_number_required=True)
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "phone_number": PHONE, **GIVEN})
    for _ in range(2):
        visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert sign_up_forms.made == [KEPT]


def test_username_taken_meanwhile_keeps_the_values(visitor, configure):
    configure(username="required")
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "username": "jane", **GIVEN})
    get_user_model().objects.create_user("jane")
    page = visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert 'id="id_username_error"' in text_of(page)
    assert 'id="id_company_error"' not in text_of(page)
    visitor.submit(SIGN_UP, {"username": "jane2", **GIVEN})
    assert visitor.user_id
    assert sign_up_forms.made[-1] == KEPT


def test_form_of_a_model_validates_as_the_model_does(visitor, asks):
    asks("Team")
    Group.objects.create(name="taken")
    page = visitor.submit(SIGN_UP, {"email_address": EMAIL, "name": "taken"})
    assert "Group with this Name already exists." in text_of(page)
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "name": "free"})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert sign_up_forms.made == [{"name": "free"}]


def test_too_much_is_refused_on_the_page(visitor):
    page = visitor.submit(SIGN_UP, {"email_address": EMAIL, "company": "W", "notes": "x" * conf.MAX_EXTRA})
    assert page.status_code == 422
    assert "This is too long." in text_of(page)
    assert not Flow.objects.exists()


def test_own_fields_still_come_once_only(visitor):
    page = visitor.submit(SIGN_UP, {"email_address": [EMAIL, "other@example.com"], **GIVEN})
    assert page.status_code == 422


def test_value_that_json_has_no_word_for_says_what_to_do(visitor, asks):
    asks("NotJSON")
    with pytest.raises(ImproperlyConfigured, match="plain values"):
        visitor.submit(SIGN_UP, {"email_address": EMAIL})


def test_sign_up_by_the_api_has_an_empty_extra(asks):
    joined(unsafe_metadata='{"company": "Willow"}')
    assert sign_up_forms.made == [{}]


def test_create_user_without_extra_works_where_no_form_is_set(settings):
    own = {"CREATE_USER": f"{HERE}.create_without_extra", "SIGN_UP_FORM": ""}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **own}
    joined()
    assert get_user_model().objects.count() == 1


def test_default_create_user_works_with_a_form(visitor, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "CREATE_USER": conf.DEFAULTS["CREATE_USER"]}
    visitor.submit(SIGN_UP, {"email_address": EMAIL, **GIVEN})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert visitor.user_id


class DerivedForm(views.SignUpForm):
    field_order = ["company", "email_address"]
    company = forms.CharField()


class Derived:
    ours = [path("sign-up/", views.SignUpView.as_view(form_class=DerivedForm), name="sign_up"), *urls.urlpatterns]
    urlpatterns = [path("auth/", include((ours, "passwordless_otp")))]


def test_derived_form_needs_no_setting(visitor, settings):
    settings.ROOT_URLCONF = Derived
    own = {"SIGN_UP_FORM": ""}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **own}
    page = text_of(visitor.get(SIGN_UP))
    assert page.index('name="company"') < page.index('name="email_address"')
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "company": "Willow"})
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert sign_up_forms.made == [{"company": "Willow"}]
    set_urlconf(None)


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ("Missing", "names nothing"),
        ("create_and_note", "names no form"),
        ("Clashing", "first_name"),
        ("Photo", "photo"),
    ],
)
def test_form_that_can_not_stand_there_is_found_by_check(asks, form, words):
    asks(form)
    [found] = [each for each in run_checks() if each.id == "passwordless_otp.E004"]
    assert words in found.msg


@pytest.mark.parametrize("form", ["About", "Optional"])
def test_check_is_content_with_a_form(asks, form):
    asks(form)
    assert run_checks() == []
