"""The ways on for people who can't sign in by code, or not by this identifier."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.views import LoginView
from django.core.checks import run_checks
from django.urls import NoReverseMatch, include, path

from tests.pages.conftest import (
    EMAIL,
    PHONE,
    SIGN_IN,
    SIGN_IN_VERIFY,
    SIGN_UP,
    SIGN_UP_VERIFY,
    newest_code,
    text_of,
)

LINK = 'href="/password/?next=%2Fthere%2F">Sign in with your password</a>'

urlpatterns = [
    path("auth/", include("passwordless_otp.urls")),
    path("password/", LoginView.as_view(), name="password_login"),
]


@pytest.fixture
def other(settings):
    """Return a function that sets OTHER_LOGIN_URL."""
    settings.ROOT_URLCONF = __name__

    def use(url):
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "OTHER_LOGIN_URL": url}

    return use


@pytest.mark.parametrize("url", ["password_login", "/password/"])
def test_sign_in_page_links_to_the_other_login_with_next(visitor, other, url):
    assert "with your password" not in text_of(visitor.get(SIGN_IN))
    other(url)
    assert LINK in text_of(visitor.get(f"{SIGN_IN}?next=/there/"))


def test_login_on_another_host_is_linked_as_it_is(visitor, other):
    other("https://sso.example.com/?app=1")
    assert 'href="https://sso.example.com/?app=1">' in text_of(visitor.get(f"{SIGN_IN}?next=/there/"))


def test_site_without_codes_links_to_the_other_login(visitor, other, configure):
    other("password_login")
    configure(email_address_enabled=False)
    assert LINK in text_of(visitor.get(f"{SIGN_IN}?next=/there/"))


def test_closed_sign_up_links_to_the_other_login(visitor, other, configure):
    other("password_login")
    configure(sign_up_mode="closed")
    assert 'href="/password/"' in text_of(visitor.get(SIGN_UP))


@pytest.fixture
def claimed(visitor, make_user, both):
    """Return a function that proves two identifiers of two users, and gives the answer to the second code."""

    def prove():
        for value in [EMAIL, PHONE]:
            make_user(value)
        visitor.submit(SIGN_UP, {"email_address": EMAIL, "phone_number": PHONE})
        before = [visitor.get(SIGN_UP_VERIFY), visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})]
        assert not any("There is an account with" in text_of(page) for page in before)
        return visitor.submit(SIGN_UP_VERIFY, {"code": newest_code(), "next": "/there/"})

    return prove


def test_claimed_identifier_leads_to_the_other_login_after_proof(claimed, other):
    other("password_login")
    page = claimed()
    assert page.status_code == 409
    assert "There is an account with this email address or phone number already." in text_of(page)
    assert f'class="otp-primary" {LINK}' in text_of(page)


def test_claimed_identifier_without_another_login_is_said_as_before(claimed):
    page = text_of(claimed())
    assert "This belongs to an account that can&#x27;t be used here." in page
    assert "with your password" not in page


def test_password_login_and_codes_share_one_session(visitor, make_user, other):
    other("password_login")
    user = make_user(EMAIL, password="secret")
    link = visitor.submit("/password/", {"username": user.username, "password": "secret", "next": "/there/"})
    assert link["Location"] == "/there/"
    assert f'Signed in as <strong class="otp-value"><bdi>{EMAIL}' in text_of(visitor.get(SIGN_IN))
    visitor.submit("/auth/sign-out/")
    assert not visitor.user_id
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert visitor.user_id == str(user.pk)


def test_name_that_is_no_url_is_found_by_check(other, visitor):
    other("password_login")
    assert [found.id for found in run_checks()] == []
    other("pasword_login")
    assert [found.id for found in run_checks()] == ["passwordless_otp.E014"]
    with pytest.raises(NoReverseMatch):
        visitor.get(SIGN_IN)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(("typed", "words"), [(EMAIL, "phone number"), (PHONE, "email address")])
def test_code_page_leads_back_for_the_other_kind_whoever_has_an_account(
    visitor, both, make_user, known, typed, words
):
    if known:
        make_user(EMAIL, PHONE)
    visitor.ask(typed)
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert f'<a href="{SIGN_IN}?new=1">Use your {words} instead</a>' in page
    assert 'value="' not in text_of(visitor.get(f"{SIGN_IN}?new=1")).partition('name="identifier"')[2][:20]
    visitor.ask(PHONE if typed == EMAIL else EMAIL)
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert bool(visitor.user_id) is known


def test_site_with_one_kind_has_no_such_link(visitor):
    visitor.ask()
    assert "instead" not in text_of(visitor.get(SIGN_IN_VERIFY))


def test_factors_that_are_offered_take_the_place_of_the_link(visitor, both, configure, make_user):
    configure(enumeration_protection=False)
    make_user(EMAIL, PHONE)
    visitor.ask()
    page = text_of(visitor.get(SIGN_IN_VERIFY))
    assert "SMS to" in page
    assert "instead" not in page


def test_sign_up_with_one_identifier_may_begin_with_the_other(visitor, both):
    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    assert f'<a href="{SIGN_UP}?new=1">Use your phone number instead</a>' in text_of(visitor.get(SIGN_UP_VERIFY))
    visitor.submit(SIGN_UP, {"phone_number": PHONE, "new": "1"})
    assert "instead" in text_of(visitor.get(SIGN_UP_VERIFY))
    visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert get_user_model().objects.get().otp_identifiers.get().value == PHONE
