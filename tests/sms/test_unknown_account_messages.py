"""Notes that there is no account: seldom, few, and never to an address that they came back from."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message
from tests.sms.strangers import at, reasons
from tests.visitor import EMAIL, newest_code, operate

pytestmark = pytest.mark.django_db(transaction=True)


def note(email=EMAIL, index=0):
    """Ask for a sign-in with an address that nobody has; return whether a note went out."""
    before = len(memory.sent)
    assert at(index).sign_in(email, "email_code").status_code == 200
    return len(memory.sent) > before


def test_one_address_gets_one_note_in_a_day():
    assert [note(index=index) for index in range(3)] == [True, False, False]
    assert reasons() == ["unknown-account message already sent today"] * 2
    assert note("other@example.com")


def test_so_many_notes_go_out_in_all():
    operate(limits={"instance_unknown_account": 3})
    assert [note(f"n{index}@example.com", index) for index in range(5)] == [True] * 3 + [False] * 2


@pytest.mark.parametrize("name", ["identifier_unknown_account", "instance_unknown_account"])
def test_notes_can_be_switched_off(name):
    operate(limits={name: 0})
    assert not note()


@pytest.mark.parametrize(
    "fate",
    [{"status": "failed", "error_code": "bounced"}, {"status": "delivered", "error_code": "complained"}],
)
def test_no_note_follows_one_that_came_back(fate):
    operate(limits={"identifier_unknown_account": 10})
    assert note()
    Message.objects.update(**fate)
    assert not note(index=1)
    assert reasons() == ["an earlier message to this address failed or was marked as spam"]


def test_a_code_is_sent_whatever_became_of_a_note():
    note()
    Message.objects.update(status="failed", error_code="bounced")
    at(1).sign_up(email_address=EMAIL, strategy="email_code")
    assert newest_code(EMAIL)


def test_staff_whose_mail_comes_back_get_no_note_and_others_each():
    for name, came_back in [("one", timezone.now()), ("two", None)]:
        user = get_user_model().objects.create(username=name, is_staff=True)
        value = f"{name}@example.com"
        Identifier.objects.create(kind="email_address", value=value, user=user, undeliverable_at=came_back)
    assert not note("one@example.com")
    assert [note("two@example.com", index) for index in range(2)] == [True, True]
