"""A process that is killed while it delivers: nothing is lost in silence, and nothing goes out twice."""

import os
import signal
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.utils import timezone

from passwordless_otp.messaging import deliver, recover
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message
from tests import needs
from tests.attacks.test_faults import AT_MOST, Fault
from tests.messaging import redis_server, workers
from tests.messaging.workers import CELERY, SITE, ask, dispatched, statuses, taken, until, until_halted

redis = needs.package("redis")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# Killed at this step, a message has this status, which otp_deliver changes to that; so often it has gone out.
TABLE = [
    ("claim", "pending", "sent", 1),
    ("send", "sending", "unknown", 0),
    ("answer", "sending", "unknown", 1),
    ("record", "sending", "unknown", 1),
    ("recorded", "sent", "sent", 1),
]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with redis_server.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


def clean_up(settings, folder):
    """Let a minute pass, and run otp_deliver twice, with the same provider."""
    provider = {"BACKEND": "tests.messaging.halting.Provider", "OPTIONS": {"folder": str(folder)}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": [provider]}}
    Message.objects.filter(claimed_at__isnull=False).update(claimed_at=timezone.now() - timedelta(minutes=2))
    for _ in range(2):
        call_command("otp_deliver")


def enqueue(folder, url, message):
    dispatched(folder, [message], WORKER_DISPATCH="mysite.enqueue_with_celery", REDIS_URL=url)


@pytest.mark.parametrize(("step", "killed", "recovered", "out"), TABLE)
def test_killed_process_of_the_site(settings, tmp_path, step, killed, recovered, out):
    [message] = ask(settings)
    (tmp_path / f"halt-{step}").touch()
    with workers.running(tmp_path, *SITE, message.pk) as process:
        os.kill(until_halted(tmp_path, step), signal.SIGKILL)
        process.wait(workers.PATIENCE)
    assert statuses() == [killed]
    clean_up(settings, tmp_path)
    assert (statuses(), taken(tmp_path)) == ([recovered], [message.pk.hex] * out)


@pytest.mark.parametrize(
    ("step", "recovered", "out"), [(step, recovered, out) for step, _, recovered, out in TABLE]
)
def test_killed_celery_worker_whose_task_is_redelivered(settings, tmp_path, url, step, recovered, out):
    [message] = ask(settings)
    enqueue(tmp_path, url, message)
    (tmp_path / f"halt-{step}").touch()
    options = ["-c", "1", "--loglevel", "info"]
    with workers.running(tmp_path, *CELERY, *options, REDIS_URL=url, WORKER_ACKS_LATE="1"):
        os.kill(until_halted(tmp_path, step), signal.SIGKILL)
        until(lambda: "succeeded in" in (tmp_path / "log").read_text(), tmp_path)  # the second time
    assert (tmp_path / "log").read_text().count(" received") == 2
    clean_up(settings, tmp_path)
    assert (statuses(), taken(tmp_path)) == ([recovered], [message.pk.hex] * out)
    with redis.Redis.from_url(url) as broker:
        assert not broker.llen("celery")


def test_database_error_at_any_statement_is_logged_and_sends_nothing_twice(settings, caplog):
    [message] = ask(settings)
    for at in range(1, AT_MOST):
        Message.objects.update(
            status="pending", error_code="", next_try_at=None, claimed_at=None, delivery_tries=0
        )
        memory.sent.clear()
        caplog.clear()
        fault = Fault(at)
        with connection.execute_wrapper(fault), suppress(OperationalError):
            deliver.run_job(message.pk)
        if fault.seen < at:
            break
        Message.objects.filter(status="sending").update(claimed_at=timezone.now() - timedelta(minutes=2))
        recover.recover_all()
        message.refresh_from_db()
        assert message.status in {"sent", "unknown", "failed"} or message.next_try_at, at
        assert len(memory.sent) <= 1, at
        if message.status == "sent":
            assert len(memory.sent) == 1, at
        else:
            assert caplog.records, at
    assert 3 < at < AT_MOST - 1
    assert Message.objects.get().status == "sent"
