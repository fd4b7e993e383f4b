"""A refusal that a step makes at its very end, and one that the site's own function makes."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.errors import OTPError, ResourceNotFound
from passwordless_otp.pages import code_step
from passwordless_otp.users import create_user
from tests.pages.conftest import EMAIL, SIGN_UP, SIGN_UP_VERIFY, newest_code, text_of

WORDS = "We only take customers of the shop."
shut = []


class NoCustomer(OTPError):
    """A site's own refusal."""

    code = "no_customer"
    status = 422
    long_message = WORDS


def create_customer(**given):
    """A CREATE_USER that refuses once it has done half of its work."""
    user = create_user(**given)
    if shut:
        raise NoCustomer
    return user


@pytest.fixture
def hook(settings):
    settings.PASSWORDLESS_OTP = {
        **settings.PASSWORDLESS_OTP,
        "CREATE_USER": "tests.pages.test_refusals.create_customer",
    }
    shut.append(True)
    yield
    shut.clear()


def test_what_the_sites_own_function_says_is_said_and_the_code_stays_good(visitor, hook):
    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    page = visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()})
    assert page.status_code == 422
    assert WORDS in text_of(page)
    assert not get_user_model().objects.exists()
    shut.clear()
    assert visitor.submit(SIGN_UP_VERIFY, {"code": newest_code()}).status_code == 303
    assert visitor.user_id


def test_a_refusal_on_a_page_whose_flow_is_gone_leads_to_the_start(visitor, monkeypatch):
    def gone(*args):
        raise ResourceNotFound

    visitor.submit(SIGN_UP, {"email_address": EMAIL})
    monkeypatch.setattr(code_step, "describe", gone)
    answer = visitor.submit(SIGN_UP_VERIFY, {"code": "x"})
    assert answer.status_code == 404
    assert f'href="{SIGN_UP}">Start again</a>' in text_of(answer)
