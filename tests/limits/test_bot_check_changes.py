"""The bot check is asked for the first address of a flow, and again from the second change on."""

import pytest

from passwordless_otp.messaging.backends import memory
from tests import hooks
from tests.limits.people import at, sent
from tests.visitor import PHONE, errors, newest_code

pytestmark = pytest.mark.usefixtures("site")
PROOF = {"proof": "human"}
OWN = "own@example.org"
OTHERS = [f"victim{number}@example.com" for number in range(4)]


@pytest.fixture(autouse=True)
def checked(settings):
    hooks.asked.clear()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BOT_CHECK": "tests.hooks.human"}


def proven():
    """A sign-up whose address is proven and that waits for its phone number."""
    visitor = at()
    visitor.sign_up(email_address=OWN, phone_number=PHONE, strategy="email_code", **PROOF)
    assert visitor.attempt(newest_code(OWN)).status_code == 200
    return visitor


def test_solved_once_it_is_not_good_for_four_other_addresses():
    visitor = proven()
    for address in OTHERS:
        visitor.update(email_address=address)
        visitor.prepare()
    assert sent(*OTHERS) <= 1


def test_each_further_change_is_asked_for():
    visitor = proven()
    for address in OTHERS[:2]:
        visitor.update(email_address=address)
        answer = visitor.prepare()
    assert errors(answer) == ["captcha_invalid"]
    assert visitor.prepare(**PROOF).status_code == 200
    visitor.update(email_address=OTHERS[2])
    assert errors(visitor.prepare()) == ["captcha_invalid"]


def test_first_change_passes():
    visitor = proven()
    visitor.update(email_address=OTHERS[0])
    assert visitor.prepare().status_code == 200


def test_phone_number_is_asked_for_from_its_second_change_on():
    visitor = proven()
    for number in ["+12125550100", "+13105550100", "+14155550100", "+12135550100"]:
        visitor.update(phone_number=number)
        visitor.prepare("phone_code")
    assert sum(message.channel == "sms" for message in memory.sent) <= 2


def test_address_that_was_proven_needs_no_check_for_its_second_message():
    visitor = proven()
    assert visitor.prepare("phone_code").status_code == 200
    assert len(hooks.asked) == 1


def test_without_a_proof_no_message_goes_out():
    assert errors(at().sign_up(email_address=OWN, strategy="email_code")) == ["captcha_invalid"]
    assert sent() == 0
