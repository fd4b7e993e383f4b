"""Email through Anymail: its test backend, and a provider's API as Postmark's is."""

import pytest
from anymail.backends.test import EmailBackend as AnymailTest
from anymail.backends.test import TestPayload as Payload
from anymail.message import AnymailRecipientStatus
from django.core import mail

from passwordless_otp.messaging.backends.base import Receipt
from passwordless_otp.messaging.backends.email import EmailBackend
from passwordless_otp.models import Message
from tests.messaging import esp_server, mailers
from tests.messaging.esp_server import echoes, says
from tests.messaging.mailers import MESSAGE, failure, outcome
from tests.messaging.peers import closes, hangs
from tests.messaging.smtp_server import answering, free_port
from tests.messaging.twilio_server import deaf, mistrusted
from tests.visitor import ApiVisitor

SMTP = "django.core.mail.backends.smtp.EmailBackend"
POSTMARK = "anymail.backends.postmark.EmailBackend"
TAKEN = {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": MESSAGE.to}
INACTIVE = {
    "ErrorCode": 406,
    "Message": f"Found inactive addresses: {MESSAGE.to}.\n Inactive recipients are ones that have bounced.",
}
NOT_FROM_YOU = {"ErrorCode": 300, "Message": "Invalid 'From' address: '123456@example.com'."}
HTML = "<html>123456 is too much for us</html>"


class Untagged(AnymailTest):
    """A provider that knows no tags."""

    asked = []

    class NoTags(Payload):
        def set_tags(self, tags):
            Untagged.asked.append(tags)
            self.unsupported_feature("tags on messages")

    def __init__(self, **options):
        super().__init__(payload_class=self.NoTags, **options)


class Plain(AnymailTest):
    """A provider that knows none of them, and does not say which."""

    class Nothing(Payload):
        def set_tags(self, value):
            self.unsupported_feature("that")

        set_metadata = set_track_opens = set_track_clicks = set_tags

    def __init__(self, **options):
        super().__init__(payload_class=self.Nothing, **options)


class Picky(AnymailTest):
    """A provider that takes the request and then says what becomes of it."""

    status = ""

    def post_to_esp(self, payload, message):
        status = AnymailRecipientStatus(message_id="p-1", status=self.status)
        message.anymail_test_response = {"recipient_status": {MESSAGE.to: status}}
        return super().post_to_esp(payload, message)


class Rejected(Picky):
    status = "rejected"


class Invalid(Picky):
    status = "invalid"


class Failed(Picky):
    status = "failed"


class Queued(Picky):
    status = "queued"


@pytest.fixture
def postmark(settings):
    with esp_server.running() as server:
        server.using = mailers.name(settings, POSTMARK, server_token="secret", api_url=server.origin)
        yield server


def test_provider_id_is_kept_and_message_id_travels_with_the_mail(postmark):
    postmark.reply = says(200, TAKEN)
    receipt = EmailBackend(using=postmark.using, from_email="a@example.com").send(MESSAGE)
    assert receipt == Receipt("pm-1")
    [asked] = postmark.received
    assert asked["Metadata"] == {"message": MESSAGE.id}
    assert asked["Tag"] == "passwordless_otp"
    assert (asked["TrackOpens"], asked["TrackLinks"]) == (False, "None")
    assert (asked["TextBody"], asked["HtmlBody"]) == (MESSAGE.text, MESSAGE.html)


@pytest.mark.parametrize(
    ("reply", "becomes"),
    [
        (says(422, INACTIVE), ("Refused", "recipient refused", False)),
        (says(422, NOT_FROM_YOU), ("Refused", "http 422", True)),
        (echoes(400), ("Refused", "http 400", True)),
        (echoes(401), ("Refused", "http 401", True)),
        (echoes(429), ("Unavailable", "http 429", False)),
        (echoes(500), ("Unavailable", "http 500", False)),
        (says(503, HTML, Content_Type="text/html"), ("Unavailable", "http 503", False)),
        (echoes(502), ("Unclear", "http 502", False)),
        (says(504, HTML, Content_Type="text/html"), ("Unclear", "http 504", False)),
        (says(200, HTML, Content_Type="text/html"), ("Unclear", "http 200", False)),
        (closes, ("Unclear", "ConnectionError", False)),
        (hangs, ("Unclear", "ReadTimeout", False)),
    ],
)
def test_http_status_decides_which_error_is_raised(postmark, reply, becomes):
    postmark.reply = reply
    assert outcome(failure(postmark.using, timeout=0.5 if reply is hangs else 10)) == becomes
    assert len(postmark.received) == 1


def test_refused_connection_is_unavailable(settings):
    origin = f"http://127.0.0.1:{free_port()}"
    error = failure(mailers.name(settings, POSTMARK, server_token="secret", api_url=origin))
    assert outcome(error) == ("Unavailable", "ConnectionError", False)


def test_connection_that_is_not_made_in_time_is_unavailable(settings):
    with deaf() as origin:
        error = failure(mailers.name(settings, POSTMARK, server_token="secret", api_url=origin), timeout=0.3)
    assert outcome(error) == ("Unavailable", "ConnectTimeout", False)


def test_untrusted_certificate_is_unavailable(settings, tmp_path):
    with mistrusted(tmp_path) as origin:
        error = failure(mailers.name(settings, POSTMARK, server_token="secret", api_url=origin))
    assert outcome(error) == ("Unavailable", "SSLError", False)


def test_missing_setting_leaves_the_mail_to_the_next_provider(settings):
    error = failure(mailers.name(settings, POSTMARK))
    assert (type(error).__name__, error.elsewhere) == ("Refused", True)


def test_unsupported_attribute_is_left_out_after_the_first_refusal(settings):
    Untagged.asked.clear()
    backend = EmailBackend(using=mailers.name(settings, f"{__name__}.Untagged"))
    for _ in range(2):
        backend.send(MESSAGE)
    for sent in mail.outbox:
        asked = sent.anymail_test_params
        assert "tags" not in asked
        assert (asked["metadata"], asked["track_clicks"]) == ({"message": MESSAGE.id}, False)
    assert len(mail.outbox) == 2
    assert len(Untagged.asked) == 1


def test_provider_without_any_attribute_still_gets_the_mail(settings):
    EmailBackend(using=mailers.name(settings, f"{__name__}.Plain")).send(MESSAGE)
    [sent] = mail.outbox
    assert not {"tags", "metadata", "track_opens", "track_clicks"} & set(sent.anymail_test_params)


@pytest.mark.parametrize(
    ("backend", "ignored", "becomes"),
    [
        ("Rejected", False, ("Refused", "recipient refused", False)),
        ("Invalid", False, ("Refused", "recipient refused", False)),
        ("Rejected", True, ("Refused", "rejected", False)),
        ("Invalid", True, ("Refused", "invalid", False)),
        ("Failed", False, ("Refused", "failed", True)),
    ],
)
def test_recipient_status_other_than_success_is_refused(settings, backend, ignored, becomes):
    using = mailers.name(settings, f"{__name__}.{backend}")
    settings.ANYMAIL = {"IGNORE_RECIPIENT_STATUS": ignored}
    assert outcome(failure(using)) == becomes


def test_queued_mail_counts_as_taken(settings):
    assert EmailBackend(using=mailers.name(settings, f"{__name__}.Queued")).send(MESSAGE) == Receipt("p-1")


@pytest.mark.django_db
@pytest.mark.parametrize(("status", "second"), [(401, True), (503, True), (200, False), (504, False)])
def test_second_mailer_sends_what_the_first_certainly_did_not(postmark, settings, status, second):
    postmark.reply = says(status, TAKEN)
    with answering() as (mailbox, address):
        chain = [postmark.using, mailers.name(settings, SMTP, alias="reserve", **address)]
        path = "passwordless_otp.messaging.backends.email.EmailBackend"
        entries = [{"BACKEND": path, "OPTIONS": {"using": using}} for using in chain]
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": entries}}
        ApiVisitor().sign_up(email_address=MESSAGE.to, strategy="email_code")
    message = Message.objects.get()
    assert message.status == ("unknown" if status == 504 else "sent")
    assert message.backend == (f"{path}#2" if second else path)
    assert (len(postmark.received), len(mailbox.received)) == (1, second)
