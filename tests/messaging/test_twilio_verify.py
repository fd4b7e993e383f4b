"""Twilio Verify: the SDK itself, against a server on loopback that takes codes or fails."""

import pytest

from passwordless_otp.messaging.backends.base import DeliveryError, Outgoing, Receipt, Refused
from passwordless_otp.messaging.backends.twilio_verify import TwilioVerifyBackend
from passwordless_otp.models import Message
from tests.messaging import twilio_server as on
from tests.messaging.twilio_faults import FAULTS, MESSAGE, SID, TOKEN, VERIFY, meaning, patience, verify
from tests.test_checks import found, sms
from tests.visitor import PHONE, ApiVisitor, both_kinds, later, operate, wrong

PATH = "passwordless_otp.messaging.backends.twilio_verify.TwilioVerifyBackend"
SERVICE = f"/v2/Services/{VERIFY['service_sid']}/Verifications"
SENT = "SM14155552671"


@pytest.fixture
def server():
    with on.running() as server:
        yield server


@pytest.fixture
def only_verify(settings, server):
    """A site whose SMS go through Verify."""
    options = {**VERIFY, "http_client": on.Loopback(server.origin)}
    chain = [{"BACKEND": PATH, "OPTIONS": options}]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"sms": chain}}
    both_kinds()
    return chain


def asked(server):
    """The path and the form of each request."""
    return [(request.path, request.form) for request in server.received]


@pytest.mark.parametrize("via", ["sms", "whatsapp", "call"])
def test_verify_gets_our_code_and_the_channel_and_no_text(server, via):
    assert verify(server, via=via).send(MESSAGE) == Receipt(SENT)
    assert asked(server) == [(SERVICE, {"To": PHONE, "Channel": via, "CustomCode": "123456"})]


def test_template_is_named_where_one_is_given(server):
    verify(server, template_sid="HJ7").send(MESSAGE)
    [(_, form)] = asked(server)
    assert form["TemplateSid"] == "HJ7"


@pytest.mark.parametrize(("code", "reason"), [("", "no code"), ("123", "code too short")])
def test_message_that_verify_does_not_take_is_left_to_the_next_provider(server, code, reason):
    with pytest.raises(Refused) as raised:
        verify(server).send(Outgoing("7", "sms", PHONE, "", "a note", code, 600))
    assert meaning(raised.value) == ("elsewhere", reason)
    assert server.received == []


@pytest.mark.parametrize("code", ["1234", "1234567890", "ABCDEF2345"])
def test_codes_of_4_to_10_characters_are_sent(server, code):
    verify(server).send(Outgoing("7", "sms", PHONE, "", "", code, 600))
    [(_, form)] = asked(server)
    assert form["CustomCode"] == code


@pytest.mark.django_db
def test_longer_code_is_left_to_the_next_provider(server, only_verify, settings, monkeypatch):
    memory = {"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"sms": [*only_verify, memory]}}
    monkeypatch.setattr(TwilioVerifyBackend, "max_code_length", 5)
    ApiVisitor().sign_up(phone_number=PHONE, strategy="phone_code")
    assert (Message.objects.get().backend, server.received) == (memory["BACKEND"], [])


@pytest.mark.parametrize(("approved", "status"), [(True, "approved"), (False, "canceled")])
def test_verify_is_told_what_became_of_a_code(server, approved, status):
    verify(server).report_outcome("VE7", approved)
    assert asked(server) == [(f"{SERVICE}/VE7", {"Status": status})]


def test_outcome_of_a_code_without_an_id_is_not_reported(server):
    verify(server).report_outcome("", True)
    assert server.received == []


@pytest.mark.parametrize("gone", [on.errs(20404, 404), on.says(404)])
def test_outcome_of_a_verification_that_verify_has_forgotten_is_no_error(server, gone):
    server.reply = gone
    verify(server).report_outcome("VE7", True)
    assert len(server.received) == 1


@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in {"400 20404", "404 null"}])
def test_failed_outcome_report_raises_what_send_would(server, fault):
    server.reply, kind, _ = FAULTS[fault]
    by = verify(server, patience(server.reply))
    with pytest.raises(DeliveryError) as raised:
        by.report_outcome("VE7", True)
    assert meaning(raised.value)[0] == kind


@pytest.mark.django_db
def test_code_that_was_used_is_approved(server, only_verify):
    visitor = ApiVisitor()
    visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    row = Message.objects.get()
    assert (row.status, row.provider_id, row.backend) == ("sent", SENT, PATH)
    assert asked(server)[0][1]["CustomCode"] == row.verification.code()
    visitor.attempt(row.verification.code(), "phone_code")
    assert asked(server)[1:] == [(f"{SERVICE}/{SENT}", {"Status": "approved"})]


@pytest.mark.django_db
def test_used_code_is_reported_before_the_one_that_it_replaced(server, only_verify):
    visitor = ApiVisitor()
    visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    later(minutes=9)
    visitor.prepare("phone_code")
    newest = Message.objects.latest("generation")
    assert newest.generation > Message.objects.earliest("generation").generation
    answer = visitor.attempt(newest.verification.code(), "phone_code")
    assert answer.status_code == 200, answer.content
    assert [form["Status"] for _, form in asked(server)[2:]] == ["approved", "canceled"]


@pytest.mark.django_db
def test_code_whose_tries_are_spent_is_canceled(server, only_verify):
    operate(max_tries=1)
    visitor = ApiVisitor()
    visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    visitor.attempt(wrong(Message.objects.get().verification.code()), "phone_code")
    assert asked(server)[1:] == [(f"{SERVICE}/{SENT}", {"Status": "canceled"})]


@pytest.mark.django_db
@pytest.mark.parametrize("fault", ["400 60200", "503 html", "cuts", "hangs"])
def test_failed_outcome_report_changes_no_answer_and_logs_no_code(server, only_verify, caplog, fault):
    only_verify[0]["OPTIONS"]["http_client"].timeout = on.PATIENCE if fault == "hangs" else on.LONGER
    visitor = ApiVisitor()
    visitor.sign_up(phone_number=PHONE, strategy="phone_code")
    row = Message.objects.get()
    code = row.verification.code()
    server.reply = FAULTS[fault][0]
    assert visitor.attempt(code, "phone_code").status_code == 200
    assert "was not reported to" in caplog.text
    assert not [word for word in [code, TOKEN, SID] if word in caplog.text]
    row.refresh_from_db()
    assert row.status == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changes",
    [{"account_sid": ""}, {"auth_token": ""}, {"service_sid": ""}, {"via": "email"}, {"via": ""}, {"timeout": 0}],
)
def test_invalid_options_are_refused_without_quoting_their_values(settings, changes):
    settings.PASSWORDLESS_OTP = sms({"BACKEND": PATH, "OPTIONS": VERIFY})
    assert found() == []
    settings.PASSWORDLESS_OTP = sms({"BACKEND": PATH, "OPTIONS": VERIFY | changes})
    [(number, text)] = found()
    assert number == "E002"
    assert "93c1" not in text
