"""gunicorn is told to end while a message is on its way."""

import http.client
import json
import re
import signal
import time
from contextlib import closing

import pytest

from passwordless_otp.messaging import thread_pool
from passwordless_otp.models import Message
from tests.messaging import workers
from tests.messaging.workers import statuses, taken, until, until_halted
from tests.visitor import EMAIL

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
SERVER = [
    "-m",
    "gunicorn",
    "-k",
    "gthread",
    "--threads",
    "4",
    "-b",
    "127.0.0.1:0",
    "django.core.wsgi:get_wsgi_application()",
]
MANY = 20  # seconds that the machine may be busy with other things


@pytest.fixture
def server(tmp_path):
    """A server whose provider halts once it has taken the message of a visitor, and that was told to end then."""
    (tmp_path / "halt-answer").touch()
    with workers.running(tmp_path, *SERVER) as process:
        log = tmp_path / "log"
        found = until(lambda: re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log.read_text()), tmp_path)
        sign_up(int(found[1]))
        until_halted(tmp_path, "answer")
        process.send_signal(signal.SIGTERM)
        until(lambda: "Worker exiting" in log.read_text(), tmp_path)
        yield process


def sign_up(port):
    body = json.dumps({"email_address": EMAIL, "strategy": "email_code"})
    headers = {"Content-Type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as call:
        call.request("POST", "/auth/v1/client/sign_ups", body, headers)
        with closing(call.getresponse()) as answer:
            assert answer.status == 200


def test_server_that_ends_finishes_the_message_under_way(server, tmp_path):
    (tmp_path / "go").touch()
    assert server.wait(workers.PATIENCE) == 0
    assert (statuses(), taken(tmp_path)) == (["sent"], [Message.objects.get().pk.hex])


def test_server_waits_a_few_seconds_for_a_provider_that_never_answers(server, tmp_path):
    started = time.monotonic()
    assert server.wait(workers.PATIENCE) == 0
    assert time.monotonic() - started < thread_pool.GRACE + MANY
    assert statuses() == ["sending"]  # otp_deliver marks it
