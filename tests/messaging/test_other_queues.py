"""Dramatiq with a real worker on a real Redis, and Huey: the tasks of the docs, and their retries."""

import pytest

from passwordless_otp.models import Message
from tests.messaging import redis_server, workers
from tests.messaging.workers import ask, statuses, taken, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
DRAMATIQ = ["-m", "dramatiq", "tests.messaging.dramatiq_site", "--processes", "1", "--threads", "1"]
# Without a server: what was enqueued, and then what was put off, run in this order.
HUEY = """
import sys, time
import django
django.setup()
from tests.messaging import docs_site
from django.conf import settings
from passwordless_otp.models import Message
mysite = docs_site.load("huey")
mysite.deliver_with_huey(sys.argv[1])
settings.HUEY.execute(settings.HUEY.dequeue())
again = settings.HUEY.dequeue()
due = Message.objects.get().next_try_at
assert again.eta == due.replace(tzinfo=None), (again.eta, due)
while Message.objects.get().status != "sent":  # Huey puts it aside until it is due
    settings.HUEY.execute(again)
    time.sleep(0.1)
"""


@pytest.fixture
def message(settings, tmp_path):
    """One whose provider is busy, once."""
    (tmp_path / "busy").write_text("once\n")
    [message] = ask(settings)
    return message


def run(folder, *command, **more):
    with workers.running(folder, *command, log="log-site", **more) as process:
        assert process.wait(workers.PATIENCE) == 0, (folder / "log-site").read_text()


def test_dramatiq_delivers_and_tries_again(message, tmp_path):
    enqueue = f"from tests.messaging.dramatiq_site import mysite; mysite.enqueue_with_dramatiq('{message.pk}')"
    with redis_server.running(tmp_path) as url:
        run(tmp_path, "-c", enqueue, REDIS_URL=url)
        with workers.running(tmp_path, *DRAMATIQ, REDIS_URL=url):
            until(lambda: statuses() == ["sent"], tmp_path)
    assert (Message.objects.get().delivery_tries, taken(tmp_path)) == (2, [message.pk.hex])


def test_huey_delivers_and_tries_again(message, tmp_path):
    run(tmp_path, "-c", HUEY, message.pk)
    assert (Message.objects.get().delivery_tries, taken(tmp_path)) == (2, [message.pk.hex])
