"""Twilio: the SDK itself, against a server on loopback that takes messages or fails."""

import base64
import json
import re
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from passwordless_otp.messaging.backends.base import Outgoing, Receipt, Unavailable, Unclear
from passwordless_otp.messaging.backends.twilio import TwilioBackend
from passwordless_otp.models import Message
from tests.messaging import peers
from tests.messaging import twilio_server as on
from tests.messaging.twilio_faults import (
    FAULTS,
    GIVEN,
    MESSAGE,
    ROW,
    SID,
    TOKEN,
    backend,
    meaning,
    patience,
    refusal,
    verify,
)
from tests.test_checks import found, sms
from tests.visitor import PHONE, ApiVisitor, both_kinds

ONE_OF_A_KIND = list({FAULTS[fault][1]: fault for fault in FAULTS}.values())
OTHERS = [fault for fault in FAULTS if fault not in ONE_OF_A_KIND]
UNREACHED = [(on.nobody, "ConnectionError"), (on.deaf, "ConnectTimeout")]


def slow(values):
    return [pytest.param(value, marks=pytest.mark.slow) for value in values]


@pytest.fixture
def server():
    with on.running() as server:
        yield server


def deliver_by(settings, server):
    client = on.Loopback(server.origin)
    options = {**GIVEN, "http_client": client}
    entry = {"BACKEND": "passwordless_otp.messaging.backends.twilio.TwilioBackend", "OPTIONS": options}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"sms": [entry]}}
    both_kinds()
    return client


def shape(answer):
    """The answer without ids and times."""
    return answer.status_code, re.sub(r"_[0-9a-f]{32}|\d{10,}", "…", json.dumps(answer.json()))


def test_twilio_gets_the_unchanged_text_and_the_number_in_e164(server):
    assert backend(server).send(MESSAGE) == Receipt("SM14155552671")
    [request] = server.received
    assert request.path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert base64.b64decode(request.headers["Authorization"].split()[1]).decode() == f"{SID}:{TOKEN}"
    sent = {"To": "+14155552671", "From": "+15005550006", "Body": MESSAGE.text, "ValidityPeriod": "600"}
    assert request.form == sent


def test_messaging_service_replaces_the_sender_and_options_are_passed_on(server):
    options = {"risk_check": "disable", "content_retention": "discard", "address_retention": "obfuscate"}
    backend(server, from_="", messaging_service_sid="MG7", **options).send(MESSAGE)
    [request] = server.received
    assert request.form.keys() - {"To", "Body", "ValidityPeriod"} == {
        "MessagingServiceSid",
        "RiskCheck",
        "ContentRetention",
        "AddressRetention",
    }
    assert request.form["MessagingServiceSid"] == "MG7"


@pytest.mark.parametrize(
    ("left", "asked"), [(-5, 1), (0, 1), (1, 1), (599, 599), (36_000, 36_000), (99_999, 36_000)]
)
def test_validity_period_is_the_rest_of_the_code_life_within_twilios_range(server, left, asked):
    backend(server).send(Outgoing("7", "sms", PHONE, "", "text", "", left))
    assert server.received[0].form["ValidityPeriod"] == str(asked)


@pytest.mark.parametrize("made", [backend, *slow([verify])])
@pytest.mark.parametrize("fault", FAULTS)
def test_failure_is_classified_and_quotes_nothing(server, fault, made):
    server.reply, kind, code = FAULTS[fault]
    error = refusal(made(server, patience(server.reply)))
    assert meaning(error) == (kind, code)
    assert len(server.received) == 1  # the SDK does not repeat it either


@pytest.mark.parametrize(("origin", "code"), UNREACHED, ids=["refused", "timeout"])
def test_twilio_out_of_reach_is_unavailable(origin, code):
    with origin() as unreached:
        error = refusal(backend(unreached, on.PATIENCE))
    assert (type(error), error.code) == (Unavailable, code)


def test_unknown_host_is_unavailable(monkeypatch):
    def fail(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert type(refusal(backend("http://api.example"))) is Unavailable


def test_untrusted_certificate_gets_no_message(tmp_path):
    with on.mistrusted(tmp_path) as origin:
        error = refusal(backend(origin))
    assert (type(error), error.code) == (Unavailable, "SSLError")


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (peers.closes, Unclear, "ConnectionError"),
        (peers.hangs, Unclear, "ReadTimeout"),
        (None, Unavailable, "ProxyError"),
    ],
)
def test_default_client_has_the_timeout_and_the_proxy_of_the_environment(server, monkeypatch, reply, kind, code):
    for name in ["NO_PROXY", "no_proxy", "https_proxy", "ALL_PROXY", "all_proxy", "REQUESTS_CA_BUNDLE"]:
        monkeypatch.delenv(name, raising=False)
    server.reply = reply or (lambda handler: handler.answer(407))
    monkeypatch.setenv("HTTPS_PROXY", server.origin)
    error = refusal(TwilioBackend(**GIVEN, timeout=patience(reply)))
    assert (type(error), error.code) == (kind, code)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", [None, *ONE_OF_A_KIND, *slow(OTHERS)])
def test_failure_is_recorded_and_changes_no_answer(settings, server, caplog, fault):
    client = deliver_by(settings, server)
    expected = shape(ApiVisitor().sign_up(phone_number="+14155552672", strategy="phone_code"))
    assert Message.objects.get().provider_id == "SM14155552672"
    Message.objects.all().delete()
    server.reply, kind, code = FAULTS[fault] if fault else (on.sid, None, "")
    client.timeout = patience(server.reply)
    visitor = ApiVisitor()
    answer = visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    assert shape(answer) == (200, expected[1].replace("2672", "2671"))
    row = Message.objects.get()
    outcome = (row.status, row.error_code, row.provider_id)
    assert outcome == ((ROW[kind], code, "") if fault else ("sent", "", "SM14155552671"))
    assert server.received[-1].form["To"] == PHONE
    assert bool(row.next_try_at) == (row.status == "pending")
    assert row.verification.code() in server.received[-1].form["Body"]
    assert not [word for word in [row.verification.code(), TOKEN, SID] if word in caplog.text]
    assert visitor.attempt(row.verification.code(), "phone_code").status_code == 200


@pytest.mark.django_db
def test_one_client_and_one_connection_serve_many_messages(settings, server):
    deliver_by(settings, server)
    for number in range(3):
        ApiVisitor().sign_up(phone_number=f"+1415{555 + number}2671", strategy="phone_code")
    assert len({request.client_address for request in server.received}) == 1
    assert len(server.received) == 3


def test_threads_share_a_backend_and_each_gets_its_own_answer(server):
    by, numbers = backend(server), [f"+1415555{n:04}" for n in range(64)]
    with ThreadPoolExecutor(8) as threads:
        clients = {id(client) for client in threads.map(lambda _: by.account.client(), range(8))}
        receipts = threads.map(lambda to: by.send(Outgoing("7", "sms", to, "", "text", "", 9)), numbers)
    assert [receipt.provider_id for receipt in receipts] == ["SM" + to.strip("+") for to in numbers]
    assert len(clients) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "made"),
    [
        ({}, True),
        ({"from_": "", "messaging_service_sid": "MG93c1"}, True),
        ({"account_sid": ""}, False),
        ({"auth_token": ""}, False),
        ({"auth_token": None}, False),
        ({"from_": ""}, False),
        ({"messaging_service_sid": "MG93c1"}, False),
        ({"timeout": 0}, False),
        ({"timeout": -1}, False),
    ],
)
def test_invalid_options_are_refused_without_quoting_their_values(settings, monkeypatch, changes, made):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", SID)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    options = GIVEN | changes
    with nullcontext() if made else pytest.raises(ValueError, match=r"needed|above 0"):
        assert TOKEN not in repr(TwilioBackend(**options))
    path = "passwordless_otp.messaging.backends.twilio.TwilioBackend"
    settings.PASSWORDLESS_OTP = {
        **sms({"BACKEND": path, "OPTIONS": options}),
        "PUBLIC_URL": "https://example.com",
    }
    messages = found()
    assert [number for number, _ in messages] == ([] if made else ["E002"])
    assert "93c1" not in repr(messages)


def test_missing_sdk_is_reported_when_the_backend_is_built(monkeypatch):
    monkeypatch.setitem(sys.modules, "twilio", None)
    with pytest.raises(ModuleNotFoundError, match=r"passwordless_otp\[twilio\]"):
        TwilioBackend(**GIVEN)


def test_sdk_is_imported_with_the_first_message():
    script = f"""
import sys, django
django.setup()
assert "twilio" not in sys.modules and "requests" not in sys.modules
from passwordless_otp.messaging.backends.twilio import TwilioBackend
made = TwilioBackend(**{GIVEN!r})
assert "twilio" not in sys.modules and "requests" not in sys.modules
made.account.client()
assert "twilio.rest" in sys.modules
"""
    subprocess.run(
        [sys.executable, "-c", script], check=True, timeout=60, env={"DJANGO_SETTINGS_MODULE": "tests.settings"}
    )
