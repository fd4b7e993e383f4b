"""Whatever Twilio may answer, what it means, and how the backends are made that meet it."""

import base64
import re
import traceback

import pytest

from passwordless_otp.messaging.backends.base import Outgoing, Refused, Unavailable, Unclear
from passwordless_otp.messaging.backends.twilio import TwilioBackend
from passwordless_otp.messaging.backends.twilio_verify import TwilioVerifyBackend
from tests.messaging import peers
from tests.messaging import twilio_server as on
from tests.visitor import PHONE

SID, TOKEN = "AC" + "5" * 32, "token-93c1"
GIVEN = {"account_sid": SID, "auth_token": TOKEN, "from_": "+15005550006"}
VERIFY = {"account_sid": SID, "auth_token": TOKEN, "service_sid": "VA" + "5" * 32}
MESSAGE = Outgoing("7", "sms", PHONE, "", "123456 is your code.\n\n@example.com #123456", "123456", 600)
HTML = "<html><body>123456 TEXT</body></html>"

# How it is meant → the status of the message's row, where there is one provider.
ROW = {"person": "failed", "elsewhere": "failed", "unavailable": "pending", "unclear": "unknown"}
CODES = {
    "person": [21211, 21217, 21265, 21614, 21635, 21610, 21408, 60203, 60205, 60410, 60605, 99999],
    "elsewhere": [
        *[21214, 21612, 21703, 60200, 60220, 60238],  # not from here to there
        *[20003, 20005, 20404, 21212, 21601, 21603, 21606, 21608, 21659, 21704, 21705],  # the account
        *[60201, 60204, 60217, 60223],  # the Verify service
    ],
    "unavailable": [20429, 21611, 60212],
}
FAULTS = {
    **{f"400 {code}": (on.errs(code), kind, f"twilio {code}") for kind in CODES for code in CODES[kind]},
    "401": (on.errs(20003, 401), "elsewhere", "twilio 20003"),
    "401 html": (on.says(401, HTML, "text/html"), "elsewhere", "twilio http 401"),
    "403 empty": (on.says(403), "elsewhere", "twilio http 403"),
    "403 landline": (on.errs(60205, 403), "person", "twilio 60205"),
    "403 country": (on.errs(60605, 403), "person", "twilio 60605"),
    "404 null": (on.says(404, "null"), "elsewhere", "twilio http 404"),
    "400 code in words": (on.says(400, {"code": "TEXT", "message": "TEXT"}), "person", "twilio http 400"),
    "400 code in a list": (on.says(400, {"code": [21611], "message": "TEXT"}), "person", "twilio http 400"),
    "400 without a code": (on.says(400, {"message": "TEXT"}), "person", "twilio http 400"),
    "302": (on.says(302), "unavailable", "twilio http 302"),
    "429": (on.errs(20429, 429), "unavailable", "twilio 20429"),
    "429 html": (on.says(429, HTML, "text/html"), "unavailable", "twilio http 429"),
    "429 for this number": (on.errs(60203, 429), "person", "twilio 60203"),
    "500": (on.errs(20500, 500), "unavailable", "twilio 20500"),
    "500 with a code that refuses": (on.errs(21211, 500), "unavailable", "twilio 21211"),
    "502 html": (on.says(502, HTML, "text/html"), "unclear", "twilio http 502"),
    "502 with a code that refuses": (on.errs(21211, 502), "unclear", "twilio 21211"),
    "503 html": (on.says(503, HTML, "text/html"), "unavailable", "twilio http 503"),
    "504 empty": (on.says(504), "unclear", "twilio http 504"),
    "400 rfc 9457": (on.problem(21211, 400, 400), "person", "twilio 21211"),
    "503 rfc 9457": (on.problem(20503, 503, 503), "unavailable", "twilio 20503"),
    "503 rfc 9457 that says 200": (on.problem(20503, 503, 200), "unclear", "twilio 20503"),
    "503 rfc 9457 in words": (on.problem(20503, 503, "TEXT"), "unclear", "TwilioServiceException"),
    "201 empty": (on.says(201), "unclear", "twilio no sid"),
    "201 without a sid": (on.says(201, {"body": "TEXT", "sid": None}), "unclear", "twilio no sid"),
    "201 with a sid that is none": (on.says(201, {"body": "TEXT", "sid": 7}), "unclear", "twilio no sid"),
    "201 html": (on.says(201, HTML, "text/html"), "unclear", "JSONDecodeError"),
    "201 list": (on.says(201, ["TEXT"]), "unclear", "AttributeError"),
    "hangs": (peers.hangs, "unclear", "ReadTimeout"),
    "closes": (peers.closes, "unclear", "ConnectionError"),
    "resets": (on.resets, "unclear", "ConnectionError"),
    "cuts": (on.cuts, "unclear", "ChunkedEncodingError"),
    "rambles": (on.rambles, "unclear", "ConnectionError"),
}


def meaning(error):
    """How an exception is meant, and what the operator reads."""
    kinds = {Refused: "person", Unavailable: "unavailable", Unclear: "unclear"}
    return "elsewhere" if getattr(error, "elsewhere", False) else kinds[type(error)], error.code


def backend(server, patience=on.LONGER, **options):
    client = on.Loopback(getattr(server, "origin", server), patience)
    return TwilioBackend(**GIVEN | options, http_client=client)


def verify(server, patience=on.LONGER, **options):
    client = on.Loopback(getattr(server, "origin", server), patience)
    return TwilioVerifyBackend(**VERIFY | options, http_client=client)


def patience(reply):
    return on.PATIENCE if reply == peers.hangs else on.LONGER


def refusal(by, message=MESSAGE):
    """Let it fail, see that nothing is said of the text and the account, and return the exception."""
    with pytest.raises((Refused, Unavailable, Unclear)) as raised:
        by.send(message)
    error = raised.value
    entries = [entry for entry in raised.traceback if "backends" in entry.path.parts]
    assert [entry.name for entry in entries] == ["send", "ask"]
    said = [repr(error), str(error), repr(vars(error)), *traceback.format_exception(error)]
    said += [repr(value) for entry in entries for value in entry.frame.f_locals.values()]
    leaks = re.compile("|".join([message.code, TOKEN, base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()]))
    assert not [text for text in said if leaks.search(text)]
    assert (error.__context__, error.__cause__) == (None, None)
    return error
