"""People who ask for SMS codes, each from an IP address of their own."""

from django.contrib.auth import get_user_model

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message
from tests.visitor import ApiVisitor, newest_code

GERMAN, BRITISH = "+4915123456789", "+447400123456"
VOIP = "+445612345678"


def at(number):
    """An IP address for each number."""
    visitor = ApiVisitor()
    visitor.http.defaults["REMOTE_ADDR"] = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    return visitor


def elsewhere(index):
    """A number, each with a prefix of its own."""
    area, exchange = divmod(index, 700)
    return f"+1{[415, 212, 310][area]}{exchange + 220}0100"


def ask(number, index=0):
    """Sign up with this number; return the visitor, who was answered as everybody is."""
    visitor = at(index)
    answer = visitor.sign_up(phone_number=number, strategy="phone_code")
    assert answer.status_code == 200, answer.content
    return visitor


def ask_and_type(number, index=0):
    visitor = ask(number, index)
    assert visitor.attempt(newest_code(number), "phone_code").status_code == 200


def sent(*numbers):
    """How many SMS went out, or to these numbers."""
    return sum(message.channel == "sms" and (not numbers or message.to in numbers) for message in memory.sent)


def reasons():
    """Why messages were held back, the oldest first."""
    return list(Message.objects.filter(status="suppressed").order_by("pk").values_list("error_code", flat=True))


def holder(number, **fields):
    user = get_user_model().objects.create(username=number, **fields)
    return Identifier.objects.create(user=user, kind="phone_number", value=number)
