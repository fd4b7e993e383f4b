"""The same over HTTP, against several processes: nothing of one process keeps the count."""

import http.client
import random
from collections import Counter as Tally
from contextlib import closing

import pytest

from passwordless_otp.rate_limits import windows
from tests.races.threads import together
from tests.races.workers import served
from tests.rate_limits.urls import named

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
WORKERS, REQUESTS, LIMIT = 4, 60, 20


@pytest.fixture
def port():
    with served("tests.rate_limits.wsgi:application()", WORKERS) as port:
        seen = set()
        for _ in range(100):
            seen |= set(together([lambda: asked(port, [])] * 20))
            if len(seen) == WORKERS:
                break
        yield port


def asked(port, names):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as call:
        call.request("GET", "/?" + "&".join(f"bucket={name}" for name in names))
        with closing(call.getresponse()) as answer:
            return answer.status, answer.read()


def test_of_60_requests_to_several_workers_exactly_the_limit_goes_through(port):
    shared = [f"all:{LIMIT}", "group-1:60", "group-2:60"]

    def one(index):
        names = [*shared, f"own-{index}:5"]
        random.Random(index).shuffle(names)
        return asked(port, names)

    answers = together([lambda index=index: one(index) for index in range(REQUESTS)])
    assert Tally(status for status, _ in answers) == {200: LIMIT, 429: REQUESTS - LIMIT}
    assert windows.totals(*[named(name) for name in shared]) == [LIMIT] * 3
    assert sum(windows.totals(*[named(f"own-{index}:5") for index in range(REQUESTS)])) == LIMIT
    assert len({worker for _, worker in answers}) > 1
