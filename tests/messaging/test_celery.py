"""Celery: a real worker on a real Redis, with the task of the docs."""

import base64
import json

import pytest

from passwordless_otp.models import Message
from tests import needs
from tests.messaging import redis_server, workers
from tests.messaging.workers import CELERY, ask, dispatched, statuses, taken, until

redis = needs.package("redis")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with redis_server.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def broker(url):
    """A Redis that is empty."""
    with redis.Redis.from_url(url) as client:
        client.flushall()
        yield client


def enqueue(folder, url, messages):
    dispatched(folder, messages, WORKER_DISPATCH="mysite.enqueue_with_celery", REDIS_URL=url)


def test_queue_holds_the_id_of_a_message_and_nothing_else(broker, url, tmp_path, settings):
    [message] = ask(settings)
    enqueue(tmp_path, url, [message])
    [raw] = broker.lrange("celery", 0, -1)
    body = base64.b64decode(json.loads(raw)["body"])
    args, kwargs, _embedded = json.loads(body)
    assert (args, kwargs) == ([str(message.pk)], {})
    for secret in [message.verification.code(), message.verification.value, str(message.verification_id)]:
        assert secret.encode() not in raw + body


def test_what_was_queued_twice_goes_out_once(broker, url, tmp_path, settings):
    messages = ask(settings, 3)
    enqueue(tmp_path, url, messages * 2)
    assert broker.llen("celery") == 6
    with workers.running(tmp_path, *CELERY, "-c", "2", "--loglevel", "info", REDIS_URL=url):
        until(lambda: (tmp_path / "log").read_text().count("succeeded in") == 6, tmp_path)
    assert statuses() == ["sent"] * 3
    assert sorted(taken(tmp_path)) == sorted(message.pk.hex for message in messages)


def test_what_no_provider_took_is_tried_again_by_the_queue(broker, url, tmp_path, settings):
    (tmp_path / "busy").write_text("once\n")
    [message] = ask(settings)
    enqueue(tmp_path, url, [message])
    with workers.running(tmp_path, *CELERY, "-c", "2", REDIS_URL=url):
        until(lambda: statuses() == ["sent"], tmp_path)
    assert (Message.objects.get().delivery_tries, taken(tmp_path)) == (2, [message.pk.hex])
