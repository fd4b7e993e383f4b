"""Twenty workers at the last place of a limit: one of them sends."""

import threading

import pytest

from passwordless_otp.messaging import deliver, suppression
from passwordless_otp.models import Counter, InstanceSettings
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import bucket_for
from tests import hooks
from tests.races.threads import together
from tests.sms.strangers import ask, elsewhere, reasons, sent
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("phone")
WORKERS = 20
OTHERS = [
    pytest.param(name, marks=pytest.mark.slow) for name in ["sms_country", "sms_instance", "sms_instance_per_day"]
]
WIDE = {"sms_prefix": 1000, "sms_prefix_per_day": 1000, "sms_country": 1000, "sms_instance": 1000}


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
    together([lambda pk=pk: deliver.run_job(pk) for pk in ids])


@pytest.mark.parametrize("name", ["sms_prefix", *OTHERS])
def test_of_twenty_concurrent_workers_exactly_the_limit_sends(waiting, name):
    operate(limits={**WIDE, "sms_conversion": 0, name: 7})
    deliver_all(waiting(lambda index: f"+1415555{index:04}"))
    assert sent() == 7
    assert len(reasons()) == WORKERS - 7


def test_concurrent_workers_do_not_exceed_the_budget(waiting):
    operate(limits={**WIDE, "sms_conversion": 0}, sms_prices="US 0.3", sms_daily_budget=1)
    deliver_all(waiting())
    assert sent() == 3


def test_look_then_count_lets_every_worker_send(waiting, monkeypatch):
    """What this package does not do. The barrier stands for the moment in which all of them may come along."""
    operate(limits={**WIDE, "sms_conversion": 0, "sms_instance": 7})
    ids, moment = waiting(), threading.Barrier(WORKERS)
    shared = bucket_for(InstanceSettings.current(), "sms_instance")

    def naive(settings, message, is_proven):
        free = windows.totals(shared)[0] < shared.limit
        moment.wait(60)
        return "" if free else "SMS limit reached"

    monkeypatch.setattr(suppression, "reason_for", naive)
    deliver_all(ids)
    assert sent() == WORKERS
    assert not Counter.objects.filter(key__in=shared.keys).exists()
