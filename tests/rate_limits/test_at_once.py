"""A limit on steps is exact under parallel requests: of threads, and over HTTP of several processes."""

import http.client
import json
import threading
from collections import Counter as Tally
from contextlib import closing

import pytest
from django.db.models import Sum

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models import InstanceSettings, Message, Verification
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Consumed, LimitReceipt
from tests.races.threads import together
from tests.races.workers import served
from tests.rate_limits.rows import another, code_of, elsewhere, only
from tests.visitor import EMAIL, ApiVisitor

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, FLOWS, WORKERS = 60, 20, 4
FAILURES, MESSAGES = 15, 5


def guessing():
    """60 wrong codes, three for each of 20 flows at one IP address, of which 15 may be compared."""
    only()
    steps = []
    for number in range(FLOWS):
        visitor, identifier = ApiVisitor(), f"u{number}@example.com"
        visitor.sign_in(identifier, "email_code")
        steps += [(visitor, "attempt_first_factor", {"code": another(code_of(identifier))})] * 3
    only(ip_failures=FAILURES)
    return steps


def asking(limit=MESSAGES):
    """60 prepares for one identifier, each of a browser of its own at another IP address.

    Over HTTP all come from one address, which may have a third of the limit.
    """
    only()
    steps = []
    for number in range(THREADS):
        visitor = elsewhere(number)
        visitor.sign_in(EMAIL)
        steps.append((visitor, "prepare_first_factor", {}))
    only(identifier_emails=limit, unlock_emails=0)
    return steps


def path(visitor, step):
    return f"client/sign_ins/{visitor.flow}/{step}"


def in_threads(steps):
    """All of them at once: how often each status came."""

    def one(visitor, step, more):
        return visitor.post(path(visitor, step), strategy="email_code", **more).status_code

    twins = [(visitor.twin(), *rest) for visitor, *rest in steps]
    for (twin, *_), (visitor, *_) in zip(twins, steps, strict=True):
        twin.http.defaults = visitor.http.defaults
    return Tally(together([lambda step=step: one(*step) for step in twins]))


def over_http(steps, port):
    def one(visitor, step, more):
        cookie = f"otp_client={visitor.http.cookies['otp_client'].value}"
        headers = {"Content-Type": "application/json", "Cookie": cookie}
        body = json.dumps({"strategy": "email_code", **more})
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=90)) as call:
            call.request("POST", f"/auth/v1/{path(visitor, step)}", body, headers)
            with closing(call.getresponse()) as answer:
                assert (answer.status == 429) == bool(answer.headers["Retry-After"])
                return answer.status

    return Tally(together([lambda step=step: one(*step) for step in steps]))


def failures():
    return windows.totals(windows.bucket_for(InstanceSettings.current(), "ip_failures", "127.0.0.1"))[0]


def tries():
    return Verification.objects.aggregate(Sum("tries"))["tries__sum"]


def codes_sent():
    return Message.objects.exclude(kind="unlock").count()


def messages():
    return windows.totals(
        windows.bucket_for(InstanceSettings.current(), "identifier_emails", "email_address", EMAIL)
    )[0]


def test_of_60_wrong_codes_over_20_flows_exactly_the_limit_is_compared():
    assert in_threads(guessing()) == {422: FAILURES, 429: THREADS - FAILURES}
    assert tries() == failures() == FAILURES


def test_of_60_prepares_of_60_browsers_exactly_the_limit_is_sent():
    assert in_threads(asking()) == {200: MESSAGES, 429: THREADS - MESSAGES}
    assert codes_sent() == Verification.objects.count() == messages() == MESSAGES


@pytest.mark.slow
def test_several_workers_compare_exactly_the_limit():
    steps = guessing()
    with served("django.core.wsgi:get_wsgi_application()", WORKERS) as port:
        assert over_http(steps, port) == {422: FAILURES, 429: THREADS - FAILURES}
    assert tries() == failures() == FAILURES


@pytest.mark.slow
def test_several_workers_send_exactly_the_limit():
    steps = asking(3 * MESSAGES)
    with served("django.core.wsgi:get_wsgi_application()", WORKERS) as port:
        assert over_http(steps, port) == {200: MESSAGES, 429: THREADS - MESSAGES}
    assert codes_sent() == Verification.objects.count() == messages() == MESSAGES


@pytest.fixture
def naive(monkeypatch):
    """What this package does not do: read the count, then go on, then count.

    The barrier stands for the moment between the look and the count, in which all of them may come along.
    """
    moment = threading.Barrier(THREADS)

    def naive_consume(buckets, read=()):
        buckets = list(buckets)
        if any(held >= each.row(0).limit for held, each in zip(windows.totals(*buckets), buckets, strict=True)):
            raise TooManyRequests
        moment.wait(60)
        totals = {each.scope: 1 for each in buckets}
        return Consumed(totals, [(each.scope, LimitReceipt(each.keys[0], 0)) for each in buckets])

    def activate():
        monkeypatch.setattr(windows, "consume", naive_consume)

    return activate


@pytest.mark.slow
def test_negative_control_read_then_count_compares_them_all(naive):
    steps = guessing()
    naive()
    assert in_threads(steps) == {422: THREADS}
    assert tries() == THREADS


@pytest.mark.slow
def test_negative_control_read_then_count_sends_them_all(naive):
    steps = asking()
    naive()
    assert in_threads(steps) == {200: THREADS}
    assert Message.objects.count() == THREADS
