"""Messages that no account has this address: rare, few, and never to an address that bounced."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message
from tests.sms.strangers import at, reasons
from tests.visitor import EMAIL, newest_code, operate

pytestmark = pytest.mark.django_db(transaction=True)


def was_sent(email=EMAIL, index=0):
    """Ask for a sign-in with an address that nobody has; return whether a message went out."""
    before = len(memory.sent)
    assert at(index).sign_in(email, "email_code").status_code == 200
    return len(memory.sent) > before


def test_one_address_gets_one_message_a_day():
    assert [was_sent(index=index) for index in range(3)] == [True, False, False]
    assert reasons() == ["unknown-account message already sent today"] * 2
    assert was_sent("other@example.com")


def test_instance_limit_suppresses_further_messages():
    operate(limits={"instance_unknown_account": 3})
    assert [was_sent(f"n{index}@example.com", index) for index in range(5)] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("name", ["identifier_unknown_account", "instance_unknown_account"])
def test_limit_of_zero_switches_them_off(name):
    operate(limits={name: 0})
    assert not was_sent()


@pytest.mark.parametrize(
    "fate",
    [{"status": "failed", "error_code": "bounced"}, {"status": "delivered", "error_code": "complained"}],
)
def test_address_whose_message_came_back_gets_no_further_one(fate):
    operate(limits={"identifier_unknown_account": 10})
    assert was_sent()
    Message.objects.update(**fate)
    assert not was_sent(index=1)
    assert reasons() == ["an earlier message to this address failed or was marked as spam"]


def test_code_is_sent_whatever_became_of_earlier_messages():
    was_sent()
    Message.objects.update(status="failed", error_code="bounced")
    at(1).sign_up(email_address=EMAIL, strategy="email_code")
    assert newest_code(EMAIL)


def test_staff_get_a_message_each_time_unless_their_mail_comes_back():
    for name, came_back in [("one", timezone.now()), ("two", None)]:
        user = get_user_model().objects.create(username=name, is_staff=True)
        value = f"{name}@example.com"
        Identifier.objects.create(kind="email_address", value=value, user=user, undeliverable_at=came_back)
    assert not was_sent("one@example.com")
    assert [was_sent("two@example.com", index) for index in range(2)] == [True, True]
