"""What our backends ask of Twilio, checked by Twilio's own descriptions of its APIs."""

import json
from dataclasses import replace

import pytest

from passwordless_otp.messaging.backends.base import Outgoing, Receipt, Refused
from passwordless_otp.messaging.backends.twilio import TwilioBackend
from passwordless_otp.messaging.backends.twilio_verify import TwilioVerifyBackend
from tests.messaging import prism
from tests.messaging.twilio_server import Loopback

pytestmark = pytest.mark.slow

SID, SERVICE = "AC" + "5" * 32, "MG" + "5" * 32
GIVEN = {"account_sid": SID, "auth_token": "token", "messaging_service_sid": SERVICE}
MESSAGE = Outgoing("7", "sms", "+14155552671", "", "123456 is your code", "123456", 600)
CALLBACK = "https://example.com/auth/webhooks/twilio/0192f0a0-0000-7000-8000-000000000000"
VERIFY = {"account_sid": SID, "auth_token": "token", "service_sid": "VA" + "5" * 32}
TEMPLATE = "HJ" + "5" * 32
PATH = "/2010-04-01/Accounts/{AccountSid}/Messages.json"


@pytest.fixture(scope="module")
def origin(tmp_path_factory):
    with prism.running(tmp_path_factory.mktemp("prism") / "log", prism.MESSAGES) as origin:
        yield origin


@pytest.fixture(scope="module")
def verify_origin(tmp_path_factory):
    with prism.running(tmp_path_factory.mktemp("prism") / "log", prism.VERIFY) as origin:
        yield origin


class Recording(Loopback):
    """Keeps what was asked and answered."""

    def request(self, *args, **more):
        self.asked, self.answer = [*more["data"]], super().request(*args, **more)
        return self.answer


def send(origin, seconds_left=600, callback_url="", **options):
    """Return the receipt; or the refusal, and what Prism had to say."""
    client = Recording(origin, timeout=prism.PATIENCE)
    message = replace(MESSAGE, seconds_left=seconds_left, callback_url=callback_url)
    try:
        return TwilioBackend(**GIVEN | options, http_client=client).send(message)
    except Refused as error:
        return error.code, client.answer.text


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"messaging_service_sid": "", "from_": "+15005550006"},
        {"callback_url": CALLBACK},
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
        ({"callback_url": "/no url"}, "StatusCallback"),
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


def test_request_without_a_number_is_refused(origin, monkeypatch):
    ask = Loopback.request

    def without_number(self, *args, data, **more):
        return ask(self, *args, data={name: value for name, value in data.items() if name != "To"}, **more)

    monkeypatch.setattr(Loopback, "request", without_number)
    code, said = send(origin)
    assert code == "twilio http 422"
    assert "'To'" in said


def test_every_parameter_has_the_name_that_twilio_describes(origin):
    """A name that is not described would get by: forms are open."""
    described = json.loads(prism.MESSAGES.read_text())["paths"][PATH]["post"]["requestBody"]["content"]
    names = described["application/x-www-form-urlencoded"]["schema"]["properties"].keys()
    asked = []
    for sender in [{}, {"messaging_service_sid": "", "from_": "+15005550006"}]:
        client = Recording(origin, timeout=prism.PATIENCE)
        options = {"risk_check": "enable", "content_retention": "retain", "address_retention": "retain", **sender}
        TwilioBackend(**GIVEN | options, http_client=client).send(replace(MESSAGE, callback_url=CALLBACK))
        asked += client.asked
    assert len(set(asked)) == 9
    assert set(asked) <= names


@pytest.mark.parametrize("options", [{}, {"via": "whatsapp"}, {"via": "call"}, {"template_sid": TEMPLATE}])
def test_what_is_asked_of_verify_is_what_twilio_describes(verify_origin, options):
    client = Recording(verify_origin, timeout=prism.PATIENCE)
    receipt = TwilioVerifyBackend(**VERIFY | options, http_client=client).send(MESSAGE)
    assert receipt.provider_id.startswith("VE")
    described = json.loads(prism.VERIFY.read_text())["paths"]["/v2/Services/{ServiceSid}/Verifications"]["post"]
    names = described["requestBody"]["content"]["application/x-www-form-urlencoded"]["schema"]["properties"]
    assert {"To", "Channel", "CustomCode"} <= set(client.asked) <= names.keys()


@pytest.mark.parametrize("options", [{"service_sid": "VA1"}, {"template_sid": "HJ1"}])
def test_what_verify_does_not_describe_is_refused(verify_origin, options):
    client = Recording(verify_origin, timeout=prism.PATIENCE)
    with pytest.raises(Refused, match="twilio http 422"):
        TwilioVerifyBackend(**VERIFY | options, http_client=client).send(MESSAGE)


@pytest.mark.parametrize("approved", [True, False])
def test_what_verify_hears_of_a_code_is_what_twilio_describes(verify_origin, approved):
    client = Recording(verify_origin, timeout=prism.PATIENCE)
    TwilioVerifyBackend(**VERIFY, http_client=client).report_outcome("VE" + "5" * 32, approved)
    assert (client.asked, client.answer.status_code) == (["Status"], 200)
