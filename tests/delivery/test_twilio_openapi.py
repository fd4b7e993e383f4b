"""What our backend asks of Twilio, checked by Twilio's own description of its API."""

import json
from dataclasses import replace

import pytest

from passwordless_otp.delivery.backends.base import Outgoing, Receipt, Refused
from passwordless_otp.delivery.backends.twilio import TwilioBackend
from tests.delivery import prism
from tests.delivery.twilio_server import Loopback

SID, SERVICE = "AC" + "5" * 32, "MG" + "5" * 32
GIVEN = {"account_sid": SID, "auth_token": "token", "messaging_service_sid": SERVICE}
MESSAGE = Outgoing("7", "sms", "+14155552671", "", "123456 is your code", "123456", 600)
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    with prism.running(tmp_path_factory.mktemp("prism") / "log") as origin:
        yield origin


class Recording(Loopback):
    """Keeps what was asked and answered."""

    def request(self, *args, **more):
        self.asked, self.answer = [*more["data"]], super().request(*args, **more)
        return self.answer


def send(origin, seconds_left=600, **options):
    """Return the receipt; or the refusal, and what Prism had to say."""
    client = Recording(origin, timeout=prism.PATIENCE)
    message = replace(MESSAGE, seconds_left=seconds_left)
    try:
        return TwilioBackend(**GIVEN | options, http_client=client).send(message)
    except Refused as error:
        return error.code, client.answer.text


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"messaging_service_sid": "", "from_": "+15005550006"},
        {"seconds_left": -1},
        {"seconds_left": 99_999},
        *[{"risk_check": value} for value in ["enable", "disable"]],
        *[{"content_retention": value} for value in ["retain", "discard"]],
        *[{"address_retention": value} for value in ["retain", "obfuscate"]],
    ],
)
def test_what_is_asked_is_what_twilio_describes(origin, options):
    receipt = send(origin, **options)
    assert isinstance(receipt, Receipt), receipt
    assert receipt.provider_id.startswith("SM")
    assert len(receipt.provider_id) == len(SID)


@pytest.mark.parametrize(
    ("options", "at_fault"),
    [
        ({"messaging_service_sid": "MG1"}, "MessagingServiceSid"),
        ({"account_sid": "AC1"}, "accountsid"),
        ({"risk_check": "sometimes"}, "RiskCheck"),
        ({"content_retention": "obfuscate"}, "ContentRetention"),
        ({"address_retention": "discard"}, "AddressRetention"),
    ],
)
def test_what_twilio_does_not_describe_is_refused(origin, options, at_fault):
    code, said = send(origin, **options)
    assert code == "twilio http 422"
    assert {fault["location"][-1] for fault in json.loads(said)["validation"]} == {at_fault}


def test_a_request_without_a_number_is_refused(origin, monkeypatch):
    ask = Loopback.request

    def without_number(self, *args, data, **more):
        return ask(self, *args, data={name: value for name, value in data.items() if name != "To"}, **more)

    monkeypatch.setattr(Loopback, "request", without_number)
    code, said = send(origin)
    assert code == "twilio http 422"
    assert "'To'" in said


def test_every_parameter_has_the_name_that_twilio_describes(origin):
    """A name that is not described would get by: forms are open."""
    described = json.loads(prism.DESCRIPTION.read_text())["paths"][PATH]["post"]["requestBody"]["content"]
    names = described["application/x-www-form-urlencoded"]["schema"]["properties"].keys()
    asked = []
    for sender in [{}, {"messaging_service_sid": "", "from_": "+15005550006"}]:
        client = Recording(origin, timeout=prism.PATIENCE)
        options = {"risk_check": "enable", "content_retention": "retain", "address_retention": "retain", **sender}
        TwilioBackend(**GIVEN | options, http_client=client).send(MESSAGE)
        asked += client.asked
    assert len(set(asked)) == 8
    assert set(asked) <= names
