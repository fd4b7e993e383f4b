"""A provider that keeps failing is left alone for a while, by all processes, and tried again by one message."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from passwordless_otp.messaging.backends.base import Refused, Unavailable, Unclear
from passwordless_otp.models import Message, ProviderHealth, provider_health
from passwordless_otp.models.provider_health import THRESHOLD
from tests.messaging import providers
from tests.messaging.test_routes import in_time
from tests.races.threads import together
from tests.visitor import ApiVisitor

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def chain(settings):
    providers.forget()
    entries = [providers.entry("first"), providers.entry("second", "tests.messaging.providers.Second")]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": entries}}


def messages(number):
    """So many people ask for a code; who was asked to send it."""
    providers.asked.clear()
    for index in range(number):
        ApiVisitor().sign_up(email_address=f"p{index}@example.com", strategy="email_code")
    return [name for name, _code in providers.asked]


def later():
    ProviderHealth.objects.update(open_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("fault", [Unavailable("503"), Unclear("timeout")])
def test_provider_is_passed_over_after_five_failures_in_a_row(fault):
    providers.does["first"] = fault
    assert messages(THRESHOLD).count("first") == THRESHOLD
    assert messages(3) == ["second"] * 3


def test_success_resets_the_failures():
    providers.does["first"] = Unavailable("503")
    messages(THRESHOLD - 1)
    del providers.does["first"]
    messages(1)
    providers.does["first"] = Unavailable("503")
    assert messages(THRESHOLD).count("first") == THRESHOLD


def test_refusal_is_no_failure_of_the_provider():
    providers.does["first"] = Refused("bad number")
    assert messages(THRESHOLD + 2) == ["first"] * (THRESHOLD + 2)


def test_full_mailbox_is_no_failure_of_the_provider():
    providers.does["first"] = Unavailable("smtp 452", for_recipient=True)
    assert messages(THRESHOLD + 2) == ["first", "second"] * (THRESHOLD + 2)
    assert not ProviderHealth.objects.exists()


@pytest.mark.parametrize(
    "answer", [Refused("bad number"), Refused("no route", elsewhere=True), Unavailable("452", for_recipient=True)]
)
def test_answer_about_the_recipient_ends_the_trouble_of_a_provider(answer):
    providers.does["first"] = Unavailable("503")
    messages(THRESHOLD)
    later()
    providers.does["first"] = answer
    messages(1)
    del providers.does["first"]
    assert messages(2) == ["first", "first"]


def test_successful_probe_ends_the_trouble_of_a_provider():
    providers.does["first"] = Unavailable("503")
    messages(THRESHOLD)
    later()
    del providers.does["first"]
    assert messages(2) == ["first", "first"]
    assert not ProviderHealth.objects.exists()


def test_failed_probe_passes_the_provider_over_again():
    providers.does["first"] = Unavailable("503")
    messages(THRESHOLD)
    later()
    assert messages(3) == ["first", "second", "second", "second"]


def test_message_waits_for_the_first_provider_if_all_are_passed_over(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [providers.entry("first")]}}
    providers.does["first"] = Unavailable("503")
    messages(THRESHOLD)
    assert messages(1) == []
    message = Message.objects.last()
    assert (message.status, message.error_code) == ("pending", "passed over after repeated failures")
    assert message.next_try_at > ProviderHealth.objects.get().open_until
    later()
    providers.forget()
    in_time(message.pk)
    message.refresh_from_db()
    assert (message.status, message.delivery_tries) == ("sent", 2)


@pytest.mark.django_db(transaction=True)
def test_one_of_20_messages_at_once_probes_a_provider_in_trouble():
    ProviderHealth.objects.create(name="p", failures=THRESHOLD, open_until=timezone.now() - timedelta(seconds=1))
    assert together([lambda: ProviderHealth.objects.admits("p")] * 20).count(True) == 1


@pytest.mark.django_db(transaction=True)
def test_look_then_save_lets_every_message_probe_it():
    ProviderHealth.objects.create(name="p", failures=THRESHOLD, open_until=timezone.now() - timedelta(seconds=1))

    barrier = threading.Barrier(10)

    def naive():
        health = ProviderHealth.objects.get()
        admitted = health.open_until <= timezone.now()
        barrier.wait(30)
        health.open_until = timezone.now() + timedelta(seconds=30)
        health.save()
        return admitted

    assert together([naive] * 10) == [True] * 10


@pytest.mark.django_db(transaction=True)
def test_concurrent_failures_are_all_counted():
    together([lambda: ProviderHealth.objects.record_failure("p")] * (THRESHOLD - 1))
    assert ProviderHealth.objects.get().failures == THRESHOLD - 1


def asked_of_the_database(step):
    with CaptureQueriesContext(connection) as captured:
        step()
    return [query["sql"].split()[0] for query in captured if "providerhealth" in query["sql"]]


def test_healthy_provider_is_asked_for_once_a_second(monkeypatch):
    health = ProviderHealth.objects
    assert asked_of_the_database(lambda: health.admits("p")) == ["SELECT"]
    assert asked_of_the_database(lambda: (health.admits("p"), health.record_success("p"))) == []
    monkeypatch.setattr(provider_health, "REMEMBERED", 0)
    provider_health.clear_memory()
    assert asked_of_the_database(lambda: (health.admits("p"), health.admits("p"))) == ["SELECT"] * 2


def test_provider_in_trouble_is_not_remembered():
    health = ProviderHealth.objects
    health.admits("p")
    health.record_failure("p")
    assert asked_of_the_database(lambda: (health.admits("p"), health.admits("p"))) == ["SELECT"] * 2
    assert asked_of_the_database(lambda: (health.record_success("p"), health.admits("p"))) == ["DELETE"]


def test_failure_that_another_process_records_is_seen_after_a_second_at_most(monkeypatch):
    monkeypatch.setattr(provider_health, "REMEMBERED", 0.05)
    assert ProviderHealth.objects.admits("p")
    ProviderHealth.objects.create(name="p", failures=THRESHOLD, open_until=timezone.now() + timedelta(seconds=30))
    time.sleep(0.06)
    assert not ProviderHealth.objects.admits("p")
