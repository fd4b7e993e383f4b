"""Where a visitor goes afterwards."""

from urllib.parse import urlencode

import pytest

from tests.pages.conftest import EMAIL, SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, newest_code, text_of

FORGED = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "http:///evil.example",
    r"\\evil.example",
    "javascript:alert(1)",
    "\x00//evil.example",
    " //evil.example",
    "http://testserver@evil.example/",
]


def test_it_is_kept_from_page_to_page(visitor, make_user):
    make_user(EMAIL)
    page = text_of(visitor.get(SIGN_IN, {"next": "/a?b=c&d"}))
    assert '<input type="hidden" name="next" value="/a?b=c&amp;d">' in page
    asked = visitor.ask(next="/a?b=c&d")
    assert asked["Location"] == f"{SIGN_IN_VERIFY}?{urlencode({'next': '/a?b=c&d'})}"
    assert 'name="next" value="/a?b=c&amp;d"' in text_of(visitor.get(asked["Location"]))
    assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code(), "next": "/a?b=c&d"})["Location"] == "/a?b=c&d"


def test_it_is_kept_through_a_sign_up(visitor):
    asked = visitor.submit(SIGN_UP, {"email_address": EMAIL, "next": "/there/"})
    assert asked["Location"] == f"{SIGN_UP_VERIFY}?next=%2Fthere%2F"
    done = visitor.submit(SIGN_UP_VERIFY + "?next=/there/", {"code": newest_code()})
    assert done["Location"] == "/there/"


def test_it_is_kept_on_the_way_back_to_the_start(visitor):
    assert visitor.get(SIGN_IN_VERIFY, {"next": "/x"})["Location"] == f"{SIGN_IN}?next=%2Fx"
    assert visitor.get(SIGN_UP_VERIFY, {"next": "/x"})["Location"] == f"{SIGN_UP}?next=%2Fx"


def test_without_one_it_is_the_sites_own(visitor, settings, make_user):
    settings.LOGIN_REDIRECT_URL = "/welcome/"
    make_user(EMAIL)
    visitor.ask()
    assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})["Location"] == "/welcome/"


@pytest.mark.parametrize("place", FORGED)
def test_another_site_is_forgotten_at_both_ends(visitor, make_user, place):
    make_user(EMAIL)
    assert 'name="next"' not in text_of(visitor.get(SIGN_IN, {"next": place}))
    assert visitor.ask(next=place)["Location"] == SIGN_IN_VERIFY
    done = visitor.submit(
        f"{SIGN_IN_VERIFY}?{urlencode({'next': place})}", {"code": newest_code(), "next": place}
    )
    assert done["Location"] == "/"


def test_a_forged_host_changes_nothing(visitor, make_user):
    make_user(EMAIL)
    assert visitor.get(SIGN_IN, headers={"Host": "evil.example"}).status_code == 400
    page = visitor.get(SIGN_IN, {"next": "//evil.example"}, headers={"X-Forwarded-Host": "evil.example"})
    assert "evil" not in text_of(page)


def test_over_https_it_is_not_left_again(visitor):
    page = visitor.get(SIGN_IN, {"next": "http://testserver/plain"}, secure=True)
    assert 'name="next"' not in text_of(page)
    assert 'name="next"' in text_of(visitor.get(SIGN_IN, {"next": "https://testserver/x"}, secure=True))
