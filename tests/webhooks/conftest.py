"""A site whose SMS go through Twilio, and a message that it has sent."""

import pytest

from passwordless_otp.models import Message
from tests.messaging import twilio_server as on
from tests.messaging.twilio_faults import GIVEN
from tests.visitor import PHONE, ApiVisitor, both_kinds

PATH = "passwordless_otp.messaging.backends.twilio.TwilioBackend"


@pytest.fixture
def server():
    with on.running() as server:
        yield server


@pytest.fixture
def use(settings, server):
    """Set the providers of SMS: these dicts, or one like the usual one with these options."""

    def use(*chain, **options):
        usual = {"BACKEND": PATH, "OPTIONS": {**GIVEN, "http_client": on.Loopback(server.origin), **options}}
        delivery = {"sms": list(chain) or [usual]}
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": delivery}

    return use


@pytest.fixture
def sent(db, use):
    """The message, sent and not reported on yet. Its visitor is at the code step."""
    use()
    both_kinds()
    visitor = ApiVisitor()
    visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    message = Message.objects.get()
    message.visitor = visitor
    return message
