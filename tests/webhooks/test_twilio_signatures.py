"""Which reports are believed: those that Twilio has signed, for the URL that we gave it."""

from urllib.parse import urlencode

import pytest
from django.test import Client

from passwordless_otp.messaging import render
from passwordless_otp.messaging.backends.twilio import TwilioBackend
from passwordless_otp.models import Message
from tests.messaging.twilio_faults import GIVEN, SID, TOKEN, VERIFY
from tests.visitor import PHONE
from tests.webhooks.conftest import PATH
from tests.webhooks.twilio_caller import (
    FORM,
    MESSAGE_SID,
    ORIGIN,
    call,
    everything,
    parameters,
    path,
    post,
    signature,
    state,
)

OTHER = "0192f0a0-0000-7000-8000-000000000000"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
VERIFY_PATH = "passwordless_otp.messaging.backends.twilio_verify.TwilioVerifyBackend"


def forged(case, url):
    """The path, what is said, and the headers of a call that Twilio has not made."""
    said, signed = parameters(), signature(ORIGIN + url, parameters())
    calls = {
        "no signature": (url, said, {}),
        "an empty one": (url, said, {"X-Twilio-Signature": ""}),
        "beyond ASCII": (url, said, {"X-Twilio-Signature": "ÄÖÜ" * 9}),
        "another token": (url, said, {"X-Twilio-Signature": signature(ORIGIN + url, said, "guess")}),
        "an empty token": (url, said, {"X-Twilio-Signature": signature(ORIGIN + url, said, "")}),
        "another message": (url, said, {"X-Twilio-Signature": signature(ORIGIN + path(OTHER), said)}),
        "another site": (url, said, {"X-Twilio-Signature": signature("http://testserver" + url, said)}),
        "no https": (url, said, {"X-Twilio-Signature": signature("http://example.com" + url, said)}),
        "changed": (url, said | {"MessageStatus": "failed"}, {"X-Twilio-Signature": signed}),
        "added": (url, said | {"ErrorCode": "30008"}, {"X-Twilio-Signature": signed}),
        "left out": (url, parameters(To=""), {"X-Twilio-Signature": signed}),
        "nothing said": (url, {}, {"X-Twilio-Signature": signed}),
        "a query": (f"{url}?x=1", said, {"X-Twilio-Signature": signed}),
        "as SHA-256": (url, said, {"X-Twilio-Signature": signed, SETTINGS: "key=k,algorithm=HMAC_SHA256"}),
        "as none": (url, said, {"X-Twilio-Signature": signed, SETTINGS: "key=k,algorithm=none"}),
    }
    return calls[case] if case else list(calls)


@pytest.mark.parametrize("case", forged("", ""))
def test_report_that_twilio_has_not_signed_is_refused_and_changes_nothing(sent, caplog, case):
    before = everything(sent)
    url, said, headers = forged(case, path(sent.pk))
    assert post(url, urlencode(said), headers) == 403
    assert everything(sent) == before
    assert not [word for word in [TOKEN, PHONE, sent.verification.code()] if word in caplog.text]


def test_signature_for_the_host_header_is_refused(sent):
    url = path(sent.pk)
    signed = signature(f"https://127.0.0.1{url}", parameters())
    headers = {"X-Twilio-Signature": signed, "Host": "127.0.0.1", "X-Forwarded-Host": "127.0.0.1"}
    assert Client().post(url, urlencode(parameters()), FORM, secure=True, headers=headers).status_code == 403
    signed = signature(ORIGIN + url, parameters())  # the same with ours: behind a proxy the host is another
    headers["X-Twilio-Signature"] = signed
    assert Client().post(url, urlencode(parameters()), FORM, headers=headers).status_code == 204


def test_report_is_signed_for_the_host_of_the_message_where_there_are_several(sent, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": "tests.test_hosts.origin_of"}
    Message.objects.filter(pk=sent.pk).update(origin="http://localhost:8000")
    sent.refresh_from_db()
    url = render.callback_url(sent, TwilioBackend)
    assert url == f"http://localhost:8000{path(sent.pk)}"
    headers = {"X-Twilio-Signature": signature(url, parameters())}
    statuses = []
    for host in ["testserver", "example.com", "localhost"]:
        answer = Client().post(path(sent.pk), urlencode(parameters()), FORM, headers={**headers, "Host": host})
        statuses.append(answer.status_code)
    assert statuses == [403, 403, 204]


@pytest.mark.parametrize("account", ["AC" + "0" * 32, "", SID.lower()])
def test_report_of_another_account_is_refused(sent, account):
    assert call(sent.pk, AccountSid=account) == 403
    assert state(sent)[0] == "sent"


def test_every_report_is_refused_without_a_public_url(sent, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "PUBLIC_URL": ""}
    assert call(sent.pk) == 403
    signed = signature(path(sent.pk), parameters())
    assert post(path(sent.pk), urlencode(parameters()), {"X-Twilio-Signature": signed}) == 403


@pytest.mark.parametrize("name", ["memory.MemoryBackend", "nowhere.NoBackend"])
def test_every_report_is_refused_without_a_twilio_backend(sent, use, name):
    use({"BACKEND": f"passwordless_otp.messaging.backends.{name}"})
    assert call(sent.pk) == 403


@pytest.mark.parametrize(
    "chain",
    [
        [{"BACKEND": VERIFY_PATH, "OPTIONS": VERIFY}],
        [{"BACKEND": PATH, "OPTIONS": {**GIVEN, "auth_token": "other"}}, {"BACKEND": PATH, "OPTIONS": GIVEN}],
        [{"BACKEND": "nowhere.NoBackend"}, {"BACKEND": PATH, "OPTIONS": GIVEN}],
    ],
)
def test_every_account_in_the_settings_may_sign(sent, use, chain):
    use(*chain)
    assert call(sent.pk) == 204
    assert state(sent)[0] == "delivered"


def test_webhook_secret_signs_in_place_of_the_token(sent, use):
    use(webhook_secret="shared")
    url, said = path(sent.pk), parameters()
    signed = signature(ORIGIN + url, said, "shared", algorithm="HMAC_SHA256")
    headers = {"X-Twilio-Signature": signed, SETTINGS: "key=webhooks_sharedkey_7,algorithm=HMAC_SHA256"}
    assert call(sent.pk) == 403
    assert post(url, urlencode(said), headers | {SETTINGS: ""}) == 403
    assert post(url, urlencode(said), headers) == 204
    assert state(sent)[0] == "delivered"


@pytest.mark.parametrize("port", ["", ":443"])
def test_twilio_may_sign_with_the_port_and_with_a_query(sent, port):
    url = f"{path(sent.pk)}?a=%C3%A4&b="
    signed = signature(f"{ORIGIN}{port}{url}", parameters())
    assert post(url, urlencode(parameters()), {"X-Twilio-Signature": signed}) == 204
    assert state(sent)[0] == "delivered"


def test_non_ascii_and_unknown_parameters_are_part_of_the_signature(sent):
    assert call(sent.pk, RawDlrDoneDate="2611230222", ChannelPrefix="grüße ☃", More="") == 204
    assert state(sent)[0] == "delivered"


@pytest.mark.parametrize(
    ("more", "answer"),
    [
        ("&MessageStatus=delivered", 400),  # the signature is the same as without
        ("&MessageStatus=failed", 400),
        (f"&MessageSid={MESSAGE_SID}", 400),
        (f"&AccountSid={SID}", 400),
        ("&To=%2B14155552671", 204),
        ("&X=%ff", 400),
        ("&X=" + "x" * 20_000, 400),
        ("&" + "&".join(f"x{n}=1" for n in range(200)), 400),
    ],
)
def test_ambiguous_or_oversized_report_is_refused(sent, more, answer):
    signed = signature(ORIGIN + path(sent.pk), parameters())
    status = post(path(sent.pk), urlencode(parameters()) + more, {"X-Twilio-Signature": signed})
    assert status == answer
    assert state(sent)[0] == ("delivered" if answer == 204 else "sent")


@pytest.mark.parametrize(
    ("body", "kind", "answer"),
    [
        (b"\xff\xfe", FORM, 400),
        (b"", FORM, 403),
        (b"{}", "application/json", 403),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            403,
        ),
    ],
)
def test_body_that_is_no_form_is_refused(sent, body, kind, answer):
    assert post(path(sent.pk), body, {"X-Twilio-Signature": "x" * 28}, kind) == answer


def test_only_post_is_answered(sent):
    for method in ["get", "head", "put", "delete", "options"]:
        assert getattr(Client(), method)(path(sent.pk)).status_code == 405


def test_webhook_needs_no_session_where_every_page_does(sent, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert call(sent.pk) == 204
