"""What does not work stands above the list of messages, and in a list of its own."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from passwordless_otp.models import Message, ProviderHealth
from passwordless_otp.models.provider_health import THRESHOLD
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db

LIST = "/admin/passwordless_otp/message/"
TWILIO = "passwordless_otp.messaging.backends.twilio.TwilioBackend"


def page(admin_client, path=LIST):
    return admin_client.get(path).content.decode()


def test_nothing_is_said_while_messages_go_out(admin_client):
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    assert "Of the newest" not in page(admin_client)


@pytest.mark.parametrize("status", ["failed", "unknown"])
def test_how_many_failed_and_what_the_provider_said_stands_above_the_list(admin_client, status):
    for name in "abc":
        ApiVisitor().sign_up(email_address=f"{name}@example.com", strategy="email_code")
    last = Message.objects.order_by("-pk")[:2].values_list("pk", flat=True)
    Message.objects.filter(pk__in=list(last)).update(status=status, backend=TWILIO, error_code="twilio 20003")
    said = page(admin_client)
    assert "Of the newest 3 messages, 2 failed or may not have been sent." in said
    assert "The provider&#x27;s last answer: Twilio: twilio 20003." in said


@pytest.mark.parametrize(("failures", "minutes", "told"), [(5, 1, True), (5, -1, False), (4, 1, False)])
def test_a_provider_that_is_passed_over_is_named(admin_client, failures, minutes, told):
    assert THRESHOLD == 5
    until = timezone.now() + timedelta(minutes=minutes)
    ProviderHealth.objects.create(name=f"{TWILIO}#2", failures=failures, open_until=until)
    assert ("Twilio#2 keeps failing and is not used until" in page(admin_client)) == told


def test_providers_in_trouble_are_listed_and_can_be_let_in_again(admin_client):
    ProviderHealth.objects.create(name=TWILIO, failures=5, open_until=timezone.now() + timedelta(minutes=1))
    assert "Twilio" in page(admin_client, "/admin/passwordless_otp/providerhealth/")
    chosen = {"action": "delete_selected", "_selected_action": TWILIO, "post": "yes"}
    admin_client.post("/admin/passwordless_otp/providerhealth/", chosen)
    assert not ProviderHealth.objects.exists()
    assert admin_client.get("/admin/passwordless_otp/providerhealth/add/").status_code == 403


@pytest.mark.parametrize(
    ("sent", "delivered", "shown"), [(None, None, "–"), (1.24, None, "1.2 s"), (1.24, 3.06, "3.1 s")]
)
def test_the_list_shows_how_long_a_message_took(admin_client, sent, delivered, shown):
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    made = Message.objects.get().created_at
    times = {"sent_at": sent, "delivered_at": delivered}
    Message.objects.update(**{k: v and made + timedelta(seconds=v) for k, v in times.items()})
    [cell] = re.findall('<td class="field-delivery_time[^>]*>(.*?)</td>', page(admin_client))
    assert cell == shown


@pytest.mark.parametrize(("seconds", "told"), [(61, True), (59, False)])
def test_messages_that_wait_for_a_worker_that_is_not_there_are_counted(admin_client, settings, seconds, told):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    ApiVisitor().sign_up(email_address=EMAIL, strategy="email_code")
    Message.objects.update(created_at=timezone.now() - timedelta(seconds=seconds))
    assert ("1 message is waiting for a worker" in page(admin_client)) == told
