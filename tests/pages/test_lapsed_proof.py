"""A visitor who comes back to the sign-up page after an hour proves their address again."""

import pytest
from django.contrib.auth import get_user_model

from tests.pages.conftest import EMAIL, SIGN_UP, SIGN_UP_VERIFY, newest_code, text_of
from tests.visitor import later


@pytest.fixture
def proven(visitor, configure):
    """Their address is proven, their name not yet given."""
    configure(first_name="required")
    visitor.sign_up(email_address=EMAIL, first_name="")
    visitor.submit(SIGN_UP, {"email_address": EMAIL, "first_name": "J"})
    configure(last_name="required")
    assert visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})["Location"] == SIGN_UP
    assert 'name="email_address"' not in text_of(visitor.get(SIGN_UP))
    return visitor


def finish(visitor, asked):
    assert asked["Location"] == SIGN_UP_VERIFY
    assert not get_user_model().objects.exists()
    assert visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})["Location"] == "/"
    assert get_user_model().objects.get().last_name == "Doe"


def test_form_that_was_open_all_the_time_leads_to_the_code_page(proven):
    later(minutes=61)
    finish(proven, proven.submit(SIGN_UP, {"first_name": "Jane", "last_name": "Doe"}))


def test_form_that_is_loaded_again_asks_for_the_address_again(proven):
    later(minutes=61)
    page = text_of(proven.get(SIGN_UP))
    assert 'name="email_address"' in page
    assert f'value="{EMAIL}"' in page
    names = {"first_name": "Jane", "last_name": "Doe"}
    finish(proven, proven.submit(SIGN_UP, {"email_address": EMAIL, **names}))


def test_code_page_says_that_the_proof_has_expired_and_sends_a_new_code(proven):
    later(minutes=61)
    assert "expired" in text_of(proven.get(SIGN_UP_VERIFY))
    old = newest_code()
    assert proven.submit(SIGN_UP_VERIFY, {"send": "1"})["Location"] == SIGN_UP_VERIFY
    assert newest_code() != old
    assert proven.submit(SIGN_UP_VERIFY, {"code": newest_code()})["Location"] == SIGN_UP
