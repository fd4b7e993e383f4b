"""Twenty workers at the last place of a limit: one of them sends."""

import threading

import pytest

from passwordless_otp import limits, outbox
from passwordless_otp.models import Counter, InstanceSettings
from passwordless_otp.outbox import rationing
from tests import hooks
from tests.races.threads import together
from tests.sms.strangers import ask, elsewhere, reasons, sent
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("phone")
WORKERS = 20
OTHERS = [
    pytest.param(name, marks=pytest.mark.slow) for name in ["sms_country", "sms_instance", "sms_instance_day"]
]
WIDE = {"sms_prefix": 1000, "sms_prefix_day": 1000, "sms_country": 1000, "sms_instance": 1000}


@pytest.fixture
def waiting(settings):
    """Messages that wait for a worker, by their ids."""
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()

    def make(number_of=elsewhere):
        for index in range(WORKERS):
            ask(number_of(index), index)
        return list(hooks.recorded)

    return make


def deliver_all(ids):
    together([lambda pk=pk: outbox.deliver(pk) for pk in ids])


@pytest.mark.parametrize("name", ["sms_prefix", *OTHERS])
def test_of_twenty_at_once_exactly_the_limit_goes_out(waiting, name):
    operate(limits={**WIDE, "sms_pause": 0, name: 7})
    deliver_all(waiting(lambda index: f"+1415555{index:04}"))
    assert sent() == 7
    assert len(reasons()) == WORKERS - 7


def test_of_a_budget_no_more_is_spent_than_there_is(waiting):
    operate(limits={**WIDE, "sms_pause": 0}, sms_prices="US 0.3", sms_daily_budget=1)
    deliver_all(waiting())
    assert sent() == 3


def test_negative_control_look_then_count_lets_all_of_them_through(waiting, monkeypatch):
    """What this package does not do. The barrier stands for the moment in which all of them may come along."""
    operate(limits={**WIDE, "sms_pause": 0, "sms_instance": 7})
    ids, moment = waiting(), threading.Barrier(WORKERS)
    shared = rationing.shared(InstanceSettings.current())[0]

    def naive(message):
        free = limits.count(shared) < shared.limit
        moment.wait(60)
        return "" if free else "SMS limit reached"

    monkeypatch.setattr(rationing, "withhold", naive)
    deliver_all(ids)
    assert sent() == WORKERS
    assert not Counter.objects.filter(key=shared.key).exists()
