"""The site hears once of each stage, also when a receiver of its own breaks."""

import pytest

from passwordless_otp import signals
from tests.limits.people import gets_in, sign_out
from tests.sms.strangers import ask, at, elsewhere, holder, sent
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("phone")


def test_signal_is_sent_once_at_50_80_and_100_percent(told):
    operate(limits={"sms_instance": 10, "sms_instance_per_day": 1000})
    for index in range(14):
        ask(elsewhere(index), index)
    assert told == [("sms_instance", 50), ("sms_instance", 80), ("sms_instance", 100)]


def test_budget_that_the_next_price_does_not_fit_into_counts_as_spent(told):
    operate(sms_prices="US 0.40", sms_daily_budget=1)
    for index in range(3):
        ask(elsewhere(index), index)
    assert told == [("sms_daily_budget", 50), ("sms_daily_budget", 80), ("sms_daily_budget", 100)]


@pytest.fixture
def heard():
    """What the signal says: limit, percent, subject."""
    said = []

    def hear(limit, percent, subject, **_more):
        said.append((limit, percent, subject))

    signals.budget_reached.connect(hear)
    yield said
    signals.budget_reached.disconnect(hear)


def test_signal_of_a_prefix_names_its_digits(heard):
    for index in range(6):
        ask(f"+1415555{index:04}", index)
    assert ("sms_prefix", 100, ("+1415555",)) in heard


def test_signal_of_a_recognised_browser_names_its_group(heard):
    holder(elsewhere(0))
    visitor = at(1)
    assert gets_in(visitor, elsewhere(0))
    sign_out(visitor)
    operate(limits={"sms_proven": 10})
    for index in range(5):  # of one address only a third counts
        visitor.http.defaults["REMOTE_ADDR"] = f"203.0.113.{index}"
        assert gets_in(visitor, elsewhere(0))
        sign_out(visitor)
    assert ("sms_proven", 50, ("group", "recognised")) in heard


def test_proven_numbers_have_alerts_of_their_own(told):
    operate(limits={"sms_proven": 10, "sms_instance": 10})
    for index in range(5):
        holder(elsewhere(index))
        at(index).sign_in(elsewhere(index), "phone_code")
    assert told == [("sms_proven", 50)]


def test_broken_receiver_stops_no_message():
    def broken(**_said):
        raise ZeroDivisionError

    signals.budget_reached.connect(broken)
    operate(limits={"sms_instance": 2})
    ask(elsewhere(0))
    signals.budget_reached.disconnect(broken)
    assert sent() == 1
