"""What an email provider reports, through Anymail's own webhook."""

import base64
import json

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from passwordless_otp.models import Identifier, Message
from passwordless_otp.webhooks import anymail
from tests.messaging import esp_server, mailers
from tests.messaging.esp_server import says
from tests.visitor import EMAIL, ApiVisitor, joined

pytestmark = pytest.mark.django_db
POSTMARK = "anymail.backends.postmark.EmailBackend"
SECRET = "larder:secret"
DELIVERY = {"RecordType": "Delivery", "Recipient": EMAIL, "DeliveredAt": "2026-05-01T10:00:00Z"}
BOUNCE = {"RecordType": "Bounce", "Type": "HardBounce", "Email": EMAIL, "ID": 7}
SOFT = {**BOUNCE, "Type": "SoftBounce"}
COMPLAINT = {"RecordType": "SpamComplaint", "Type": "SpamComplaint", "Email": EMAIL, "ID": 8}
OPEN = {"RecordType": "Open", "Recipient": EMAIL}


@pytest.fixture
def postmark(settings):
    """A provider that mail goes out by, on a site that takes its reports."""
    with esp_server.running() as server:
        using = mailers.name(settings, POSTMARK, server_token="token", api_url=server.origin)
        settings.ANYMAIL = {**getattr(settings, "ANYMAIL", {}), "WEBHOOK_SECRET": SECRET}
        settings.ROOT_URLCONF = "tests.messaging.anymail_urls"
        entry = {
            "BACKEND": "passwordless_otp.messaging.backends.email.EmailBackend",
            "OPTIONS": {"using": using},
        }
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [entry]}}
        server.reply = says(200, {"ErrorCode": 0, "Message": "OK", "MessageID": "pm-1", "To": EMAIL})
        anymail.connect()
        yield server
        tracking.disconnect(dispatch_uid="passwordless_otp")


@pytest.fixture
def jane(postmark, settings):
    """Somebody who has an identifier, and to whom a code is under way."""
    through_postmark = settings.PASSWORDLESS_OTP
    settings.PASSWORDLESS_OTP = {**through_postmark, "DELIVERY": mailers.IN_MEMORY}
    joined(EMAIL)
    Message.objects.all().delete()
    settings.PASSWORDLESS_OTP = through_postmark
    ApiVisitor().sign_in(EMAIL, "email_code")
    return Identifier.objects.get()


def reported(given, name="pm-1", secret=SECRET, metadata=None):
    """Post what Postmark would, about the newest message. Return the answer's status."""
    metadata = {"message": Message.objects.latest("pk").pk.hex} if metadata is None else metadata
    credentials = base64.b64encode(secret.encode()).decode()
    answer = Client(raise_request_exception=False).post(
        "/anymail/postmark/tracking/",
        json.dumps({**given, "MessageID": name, "Metadata": metadata}),
        content_type="application/json",
        headers={"Authorization": f"Basic {credentials}"},
    )
    return answer.status_code


def newest():
    message = Message.objects.latest("pk")
    return message.status, message.error_code


def test_message_is_sent_then_delivered(jane):
    assert newest() == ("sent", "")
    assert reported(DELIVERY) == 200
    assert newest() == ("delivered", "")
    assert Message.objects.get().delivered_at
    assert Message.objects.get().provider_id == "pm-1"


def test_report_without_the_sites_secret_changes_nothing(jane):
    assert reported(DELIVERY, secret="larder:guess") == 400
    assert newest() == ("sent", "")


def test_bounce_fails_the_message_and_marks_the_identifier_that_can_still_sign_in(jane):
    assert reported(BOUNCE) == 200
    assert newest() == ("failed", "bounced")
    jane.refresh_from_db()
    assert jane.undeliverable_at
    assert jane.user.is_active
    visitor = ApiVisitor()
    assert visitor.sign_in(EMAIL, "email_code").status_code == 200
    assert visitor.attempt(Message.objects.latest("pk").verification.code()).status_code == 200
    assert visitor.signed_in


def test_transient_bounce_fails_the_message_and_marks_nobody(jane):
    reported(SOFT)
    assert newest() == ("failed", "bounced")
    jane.refresh_from_db()
    assert jane.undeliverable_at is None


def test_complaint_means_delivered_and_marks_the_identifier(jane):
    reported(COMPLAINT)
    assert newest() == ("delivered", "complained")
    jane.refresh_from_db()
    assert jane.undeliverable_at


def test_repeated_or_late_report_changes_nothing(jane):
    reported(BOUNCE)
    jane.refresh_from_db()
    marked = jane.undeliverable_at
    for late in [BOUNCE, DELIVERY, OPEN, BOUNCE]:
        assert reported(late) == 200
    assert newest() == ("failed", "bounced")
    jane.refresh_from_db()
    assert jane.undeliverable_at == marked


def test_bounce_after_the_delivery_marks_the_identifier_alone(jane):
    reported(DELIVERY)
    reported(BOUNCE)
    assert newest() == ("delivered", "")
    jane.refresh_from_db()
    assert jane.undeliverable_at


def test_next_message_that_arrives_clears_the_mark(jane):
    reported(BOUNCE)
    Message.objects.all().delete()
    ApiVisitor().sign_in(EMAIL, "email_code")
    reported(DELIVERY)
    jane.refresh_from_db()
    assert jane.undeliverable_at is None


def test_report_may_arrive_before_the_provider_answers(jane):
    Message.objects.update(status="sending", provider_id="")
    reported(DELIVERY)
    assert newest() == ("delivered", "")


def test_report_about_another_try_changes_nothing(jane):
    reported(BOUNCE, name="pm-0")
    assert newest() == ("sent", "")


def test_without_our_id_the_message_is_found_by_the_providers(jane):
    assert reported(DELIVERY, metadata={}) == 200
    assert newest() == ("delivered", "")


def test_reports_on_other_mail_of_the_site_read_no_other_messages():
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # it would read a small table as a whole
    plan = Message.objects.filter(channel="email", provider_id="pm-1").explain()
    assert "passwordless_otp_msg_provider" in plan


def test_bounce_of_somebody_without_an_account_marks_nobody(postmark):
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    reported(BOUNCE)
    assert newest() == ("failed", "bounced")
    assert not Identifier.objects.exists()


@pytest.mark.parametrize("kind", ["queued", "deferred", "opened", "clicked", "unsubscribed", "unknown"])
def test_event_that_decides_nothing_is_ignored(jane, kind):
    anymail.receive(AnymailTrackingEvent(event_type=kind, message_id="pm-1"))
    assert newest() == ("sent", "")


@pytest.mark.parametrize("reason", ["blocked", "other", None, ["bounced"]])
def test_rejection_for_other_reasons_than_the_address_marks_nobody(jane, reason):
    anymail.receive(AnymailTrackingEvent(event_type="rejected", message_id="pm-1", reject_reason=reason))
    assert newest() == ("failed", "rejected")
    jane.refresh_from_db()
    assert jane.undeliverable_at is None


@pytest.mark.parametrize("kind", ["Transient", "Undetermined", "Permanent"])
def test_amazon_tells_a_full_mailbox_from_one_that_is_gone(jane, kind):
    said = {"eventType": "Bounce", "bounce": {"bounceType": kind}}
    event = AnymailTrackingEvent(event_type="bounced", message_id="pm-1", reject_reason="bounced", esp_event=said)
    anymail.receive(event)
    jane.refresh_from_db()
    assert bool(jane.undeliverable_at) == (kind == "Permanent")


GARBAGE = [None, "", "\0", "no uuid", "x" * 10_000, 7, b"\xff", [], {}, {"message": {}}]


@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
def test_unreadable_report_is_ignored(jane, garbage):
    for kind in ["delivered", garbage]:
        for metadata in [garbage, {"message": garbage}]:
            anymail.receive(AnymailTrackingEvent(event_type=kind, message_id=garbage, metadata=metadata))
    ours = {"metadata": {"message": Message.objects.get().pk.hex}, "message_id": garbage}
    event = AnymailTrackingEvent(event_type="bounced", reject_reason=garbage, esp_event=garbage, **ours)
    event.recipient = garbage
    anymail.receive(event)
    assert newest()[0] in {"sent", "failed"}


def test_admin_shows_whose_mail_comes_back(jane, settings):
    reported(BOUNCE)
    get_user_model().objects.create_superuser("boss", "boss@example.com", "secret")
    boss = Client()
    boss.login(username="boss", password="secret")
    page = boss.get("/admin/passwordless_otp/identifier/").content.decode().lower()
    assert "bounced at" in page
    jane.refresh_from_db()
    page = boss.get(f"/admin/passwordless_otp/identifier/{jane.pk}/change/").content.decode().lower()
    assert "bounced at" in page
    assert str(jane.undeliverable_at.year) in page
