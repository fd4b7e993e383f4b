"""However a provider does, a visitor's answer is the same, and comes before the provider's.

`python -m pytest -s tests/messaging/test_answers.py` prints how long `prepare` took, side by side.
"""

import itertools
import threading
import time

import pytest

from passwordless_otp.messaging import deliver, thread_pool
from passwordless_otp.messaging.backends.base import Refused, Unavailable, Unclear
from passwordless_otp.models import Message, Verification
from passwordless_otp.models.instance_settings.limits import LIMITS
from tests.messaging import providers
from tests.seen import snapshot
from tests.visitor import ApiVisitor, joined, operate

pytestmark = pytest.mark.django_db(transaction=True)

FAULTS = {
    "quick": None,
    "refuses": Refused("bad number"),
    "is down": Unavailable("503"),
    "timed out": Unclear("timeout"),
    "breaks": ZeroDivisionError("the text"),
}
DISPATCHES = {"threads": "thread", "a queue": "tests.hooks.record", "a queue that is down": "tests.hooks.down"}


def by(settings, dispatch, path):
    changes = {"DISPATCH": dispatch, "DELIVERY": {"email": [providers.entry("one", path)]}}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, **changes}
    providers.forget()


@pytest.fixture(autouse=True)
def patient(transactional_db, monkeypatch):
    """Let the pool end what a test has left to it, and nothing come again after it."""
    monkeypatch.setattr(deliver, "RETRY_WAITS", [])
    providers.Hanging.go.clear()
    providers.Hanging.holds = threading.Semaphore(0)
    yield
    providers.Hanging.go.set()
    assert thread_pool.drain(60)


def prepared(address):
    """What a visitor sees of `create` and `prepare`, and the milliseconds that `prepare` took."""
    visitor = ApiVisitor()
    created = snapshot(lambda: visitor.sign_in(address), address)
    started = time.perf_counter()
    shown = snapshot(visitor.prepare, address)
    spent = (time.perf_counter() - started) * 1000
    return [without_the_settings(*step) for step in [created, shown]], spent


def without_the_settings(answer, statements):
    """They are read once a second, whoever asks."""
    return answer, [sql for sql in statements if "instancesettings" not in sql and "restriction" not in sql]


def test_prepare_answers_alike_whatever_the_provider_does_and_whoever_is_asked_for(settings):
    operate(resend_interval=15, tracked_only=list(LIMITS))
    people = {"known": "jane@example.com", "unknown": "june@example.com"}
    joined(people["known"])
    shown, took = {}, {}
    cases = [(name, providers.PATH, fault) for name, fault in FAULTS.items()]
    cases.append(("hangs", "tests.messaging.providers.Hanging", None))
    for (how, path), (name, backend, fault) in itertools.product(DISPATCHES.items(), cases):
        by(settings, path, backend)
        if fault:
            providers.does["one"] = fault
        for who, address in people.items():
            shown[how, name, who], took[how, name, who] = prepared(address)
        providers.Hanging.go.set()
        assert thread_pool.drain(60)
        providers.Hanging.go.clear()
    for key, spent in took.items():
        print(f"{' · '.join(key):40} {spent:6.1f} ms")
    expected = shown["threads", "quick", "known"]
    for key, seen in shown.items():
        for step, (one, other) in enumerate(zip(seen, expected, strict=True)):
            assert one[0] == other[0], (key, step)
            assert one[1] == other[1], (key, step, len(one[1]), len(other[1]))


def test_answer_is_there_while_the_provider_still_holds_the_message(settings):
    joined("jane@example.com")
    by(settings, "thread", "tests.messaging.providers.Hanging")
    visitor = ApiVisitor()
    assert visitor.sign_in("jane@example.com", "email_code").status_code == 200
    assert providers.Hanging.holds.acquire(timeout=60)
    assert Message.objects.order_by("pk").last().status == "sending"
    assert visitor.attempt(Verification.objects.order_by("pk").last().code()).status_code == 200


def test_poll_of_the_flow_looks_the_same_before_and_after_the_provider_has_answered(settings):
    joined("jane@example.com")
    by(settings, "thread", "tests.messaging.providers.Hanging")
    providers.does["one"] = Refused("bad number")
    visitor = ApiVisitor()
    visitor.sign_in("jane@example.com", "email_code")
    before = visitor.get(f"client/sign_ins/{visitor.flow}").json()
    providers.Hanging.go.set()
    assert thread_pool.drain(60)
    assert Message.objects.order_by("pk").last().status == "failed"
    after = visitor.get(f"client/sign_ins/{visitor.flow}").json()
    assert after["response"] == before["response"]
