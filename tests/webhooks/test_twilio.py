"""What Twilio's reports do to a message."""

import pytest

from passwordless_otp.models import Message, Verification
from tests.messaging import twilio_server as on
from tests.visitor import PHONE, ApiVisitor, both_kinds
from tests.webhooks.twilio_caller import MESSAGE_SID, call, call_over_http, everything, path, state

OTHER = "SM" + "0" * 32


@pytest.mark.parametrize(
    ("before", "said", "after"),
    [
        # in order
        (("sent", MESSAGE_SID, ""), {"status": "delivered"}, ("delivered", MESSAGE_SID, "")),
        (("sent", MESSAGE_SID, ""), {"status": "read"}, ("delivered", MESSAGE_SID, "")),
        (("sent", MESSAGE_SID, ""), {"status": "undelivered", "ErrorCode": "30003"}, "twilio 30003"),
        (("sent", MESSAGE_SID, ""), {"status": "failed", "ErrorCode": "30008"}, "twilio 30008"),
        (("sent", MESSAGE_SID, ""), {"status": "canceled"}, "twilio canceled"),
        (("sent", MESSAGE_SID, ""), {"status": "failed", "ErrorCode": "a\x00b" * 99}, "twilio failed"),
        # before the provider's id was saved
        *[
            (("sending", "", ""), {"status": word}, ("sent", MESSAGE_SID, ""))
            for word in ["queued", "accepted", "sending", "sent"]
        ],
        (("sending", "", ""), {"status": "delivered"}, ("delivered", MESSAGE_SID, "")),
        (("sending", "", ""), {"status": "failed", "ErrorCode": "30007"}, "twilio 30007"),
        # nobody knew whether it went out
        (("unknown", "", "ReadTimeout"), {"status": "sent"}, ("sent", MESSAGE_SID, "")),
        (("unknown", "", "ReadTimeout"), {"status": "delivered"}, ("delivered", MESSAGE_SID, "")),
        (("unknown", "", "ReadTimeout"), {"status": "undelivered"}, "twilio undelivered"),
        # again, late, out of order
        (("sent", MESSAGE_SID, ""), {"status": "queued"}, None),
        (("sent", MESSAGE_SID, ""), {"status": "sent"}, None),
        (("delivered", MESSAGE_SID, ""), {"status": "delivered"}, None),
        (("delivered", MESSAGE_SID, ""), {"status": "sent"}, None),
        (("delivered", MESSAGE_SID, ""), {"status": "failed", "ErrorCode": "30008"}, None),
        (("failed", MESSAGE_SID, "twilio 30003"), {"status": "failed", "ErrorCode": "30008"}, None),
        (("failed", MESSAGE_SID, "twilio 30003"), {"status": "sent"}, None),
        (("pending", "", ""), {"status": "failed", "ErrorCode": "30008"}, None),
        (("suppressed", "", "superseded"), {"status": "delivered"}, None),
        # about another one
        (("sent", OTHER, ""), {"status": "delivered"}, None),
        (("sent", OTHER, ""), {"status": "failed", "ErrorCode": "30008"}, None),
        # what is not understood
        (("sent", MESSAGE_SID, ""), {"status": "partially_delivered"}, None),
        (("sent", MESSAGE_SID, ""), {"status": ""}, None),
        (("sent", MESSAGE_SID, ""), {"status": "DELIVERED"}, None),
        (("sending", "", ""), {"status": "delivered", "MessageSid": ""}, None),
        (("sending", "", ""), {"status": "delivered", "MessageSid": "SM\x00"}, None),
        (("sending", "", ""), {"status": "delivered", "MessageSid": "SM" + "7" * 500}, None),
    ],
)
def test_signed_report_moves_the_status_forward_or_changes_nothing(sent, before, said, after):
    names = ["status", "provider_id", "error_code"]
    Message.objects.filter(pk=sent.pk).update(**dict(zip(names, before, strict=True)))
    whole = everything(sent)
    for _ in range(2):  # a replay changes no more
        assert call(sent.pk, **said) == 204
        if after is None:
            assert everything(sent) == whole
        else:
            assert state(sent) == (after if isinstance(after, tuple) else ("failed", MESSAGE_SID, after))


def test_repeated_report_keeps_the_time_of_the_first(sent):
    call(sent.pk)
    first = everything(sent)
    assert first["delivered_at"] is not None
    call(sent.pk)
    assert everything(sent) == first


def test_report_on_an_unknown_message_is_answered_alike(sent):
    assert call("0192f0a0-0000-7000-8000-000000000000") == 204
    assert state(sent)[0] == "sent"


@pytest.mark.parametrize("status", ["failed", "undelivered", "delivered"])
def test_no_report_changes_who_may_sign_in(sent, status):
    before = Verification.objects.values().get()
    assert call(sent.pk, status, ErrorCode="30008") == 204
    assert Verification.objects.values().get() == before
    answer = sent.visitor.attempt(sent.verification.code(), "phone_code")
    assert answer.json()["response"]["status"] == "complete"


def test_report_takes_one_statement(sent, django_assert_num_queries):
    with django_assert_num_queries(1):
        call(sent.pk)


@pytest.mark.django_db(transaction=True)
def test_report_over_http_that_arrives_before_the_answer_stays(live_server, settings, server, use):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": live_server.url}
    use()
    both_kinds()
    answers = []

    def report_then_answer(handler):
        answers.append(call_over_http(handler.form["StatusCallback"], "delivered"))
        on.sid(handler)

    server.reply = report_then_answer
    ApiVisitor().sign_up(phone_number=PHONE, strategy="phone_code")
    row = Message.objects.get()
    assert (row.status, row.provider_id, row.error_code) == ("delivered", MESSAGE_SID, "")
    assert row.sent_at is not None
    assert row.delivered_at is not None
    before, url = everything(row), server.received[0].form["StatusCallback"]
    assert url == f"{live_server.url}{path(row.pk)}"
    answers += [call_over_http(url, "sent"), call_over_http(url, "failed"), call_over_http(url, "sent", "guess")]
    assert answers == [204, 204, 204, 403]
    assert everything(row) == before


def test_without_a_public_url_twilio_is_not_told_where_to_report(db, settings, server, use):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    use()
    both_kinds()
    ApiVisitor().sign_up(phone_number=PHONE, strategy="phone_code")
    assert "StatusCallback" not in server.received[0].form
