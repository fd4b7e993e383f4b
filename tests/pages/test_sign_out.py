"""Signing out, and being signed in already."""

import pytest

from tests.pages.conftest import EMAIL, SIGN_IN, SIGN_IN_VERIFY, SIGN_OUT, SIGN_UP, newest_code, text_of


@pytest.fixture
def signed_in(visitor, make_user):
    make_user(EMAIL, first_name="Jane", last_name="Roe")
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    return visitor


def test_a_link_signs_nobody_out(signed_in):
    assert "Sign out?" in text_of(signed_in.get(SIGN_OUT))
    assert signed_in.user_id


def test_the_button_does(signed_in):
    done = signed_in.submit(SIGN_OUT)
    assert (done.status_code, done["Location"]) == (303, SIGN_IN)
    assert not signed_in.user_id
    assert "You are signed out" in text_of(signed_in.get(SIGN_OUT))


def test_it_ends_where_the_site_says(signed_in, settings):
    settings.LOGOUT_REDIRECT_URL = "home"
    assert signed_in.submit(SIGN_OUT)["Location"] == "/"


@pytest.mark.parametrize("way", ["field", "query"])
def test_next_goes_before_it(signed_in, settings, way):
    settings.LOGOUT_REDIRECT_URL = "home"
    path, data = (SIGN_OUT, {"next": "/bye/"}) if way == "field" else (f"{SIGN_OUT}?next=/bye/", {})
    assert signed_in.submit(path, data)["Location"] == "/bye/"
    assert not signed_in.user_id


@pytest.mark.parametrize("place", ["https://evil.example/", "//evil.example"])
def test_but_to_no_other_site(signed_in, place):
    assert signed_in.submit(SIGN_OUT, {"next": place})["Location"] == SIGN_IN


@pytest.mark.parametrize("path", [SIGN_IN, SIGN_UP])
def test_somebody_signed_in_is_told_as_whom_and_never_sent_on(signed_in, path):
    page = signed_in.get(path, {"next": "/private/"})
    assert page.status_code == 200
    assert "<bdi>Jane Roe</bdi>" in text_of(page)
    assert '<a class="otp-primary" href="/private/">Continue</a>' in text_of(page)
    assert f'action="{SIGN_OUT}?next=%2Fprivate%2F"' in text_of(page)


def test_somebody_without_a_name_is_called_by_her_identifier(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert f"<bdi>{EMAIL}</bdi>" in text_of(visitor.get(SIGN_IN))


def test_somebody_without_either_is_called_by_her_login_name(visitor, make_user):
    visitor.force_login(make_user())
    assert "<bdi>user0</bdi>" in text_of(visitor.get(SIGN_IN))


@pytest.mark.parametrize("path", [SIGN_IN, SIGN_UP])
def test_no_flow_begins_while_somebody_is_signed_in(signed_in, path):
    page = signed_in.submit(path, {"identifier": EMAIL, "email_address": EMAIL})
    assert page.status_code == 400
    assert "You are signed in" in text_of(page)
