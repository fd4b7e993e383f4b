"""What strangers share is used up in silence; what people with an account have is not theirs to use up."""

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.messaging import deliver
from passwordless_otp.models import Identifier, Message
from tests.sms.strangers import ask, at, elsewhere, holder, reasons, sent
from tests.visitor import PHONE, newest_code, operate

pytestmark = pytest.mark.usefixtures("phone")
WIDE = {"sms_prefix": 1000, "sms_prefix_per_day": 1000, "sms_conversion": 0}
HOUR = 3600


def test_prefix_gets_six_in_an_hour_and_twenty_in_a_day(clock):
    for hour in range(5):
        for index in range(8):
            ask(f"+1415555{hour:02}{index:02}", hour * 10 + index)
        clock.tick(HOUR + HOUR // 12)
    assert sent() == 20
    assert set(reasons()) == {"SMS limit for this number prefix reached"}


def test_other_prefixes_are_not_touched():
    for index in range(8):
        ask(f"+1415555{index:04}", index)
    ask("+14155660000", 9)
    assert (sent(), sent("+14155660000")) == (7, 1)


def test_country_gets_its_limit_of_codes_that_nobody_types():
    operate(limits={**WIDE, "sms_country": 4}, sms_countries=["US", "CA"])
    for index in range(6):
        ask(elsewhere(index), index)
    ask("+16045550100", 7)
    assert (sent(), sent("+16045550100")) == (5, 1)
    assert reasons() == ["SMS limit for this country reached"] * 2


def test_codes_that_are_typed_do_not_count_for_their_country():
    operate(limits={**WIDE, "sms_country": 2})
    for index in range(5):
        visitor = ask(elsewhere(index), index)
        visitor.attempt(newest_code(elsewhere(index)), "phone_code")
    ask(elsewhere(5), 5)
    ask(elsewhere(6), 6)
    ask(elsewhere(7), 7)
    assert sent() == 7


@pytest.mark.parametrize("name", ["sms_instance", "sms_instance_per_day"])
def test_instance_sends_so_many_to_strangers_and_goes_on_by_email(name):
    operate(limits={**WIDE, name: 3})
    for index in range(5):
        ask(elsewhere(index), index)
    assert (sent(), reasons()) == (3, ["SMS limit reached"] * 2)
    at(9).sign_up(email_address="new@example.com", strategy="email_code")
    assert newest_code("new@example.com")


def test_budget_is_spent_by_the_price_of_each_country():
    prices = "US 0.30\n* 0.50"
    operate(limits=WIDE, sms_prices=prices, sms_daily_budget="1.00", sms_countries=["US", "CA"])
    ask(elsewhere(0), 0)
    ask("+16045550100", 1)
    ask("+16045560100", 2)  # 0.50 more would make 1.30
    ask(elsewhere(1), 3)  # 1.10
    assert (sent(), reasons()) == (2, ["SMS budget spent"] * 2)


def test_budget_of_zero_sends_nothing_and_no_budget_sends_everything():
    operate(sms_prices="US 0.01", sms_daily_budget="0")
    ask(PHONE, 0)
    assert sent() == 0
    operate(sms_daily_budget=None)
    ask(PHONE, 1)
    assert sent() == 1


def test_tracked_only_limit_suppresses_nothing(caplog):
    operate(tracked_only=["sms_prefix"])
    for index in range(7):
        ask(f"+1415555{index:04}", index)
    assert sent() == 7
    assert "limit_reached limit=sms_prefix number=6 seconds=3600 enforced=False" in caplog.text


def test_strangers_cannot_switch_sms_off_for_somebody_with_an_account():
    """Not by their prefix, their country, a pause, the limits of the site or the budget."""
    operate(limits={"sms_instance": 20, "sms_country": 15, "sms_conversion_sample": 10}, sms_prices="US 1")
    operate(sms_daily_budget=10, sms_proven_daily_budget=20)
    holder(PHONE)
    for index in range(60):
        ask(f"{PHONE[:-4]}{index:04}" if index < 20 else elsewhere(index), index)
    told = set(reasons())
    assert sent() < 15
    assert {"SMS limit for this number prefix reached", "country is paused for SMS"} <= told
    visitor = at(70)
    visitor.sign_in(PHONE, "phone_code")
    assert visitor.attempt(newest_code(PHONE), "phone_code").json()["response"]["status"] == "complete"
    assert not Message.objects.filter(verification__value=PHONE, status="suppressed").exists()


def test_proven_numbers_have_a_limit_of_their_own():
    operate(limits={"sms_proven": 10})
    numbers = [elsewhere(index) for index in range(12)]
    for index, number in enumerate(numbers):
        holder(number)
        at(index).sign_in(number, "phone_code")
    assert (sent(), reasons()) == (10, ["SMS limit reached"] * 2)
    ask(elsewhere(20), 20)
    assert sent() == 11


def test_second_try_of_a_message_is_not_counted_again(settings):
    operate(limits={"sms_prefix": 1})
    takes = {"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Unavailable"}}
    delivery = settings.PASSWORDLESS_OTP["DELIVERY"]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {**delivery, "sms": [takes]}}
    ask(PHONE)
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": delivery}
    message = Message.objects.get()
    assert (message.status, message.delivery_tries) == ("pending", 1)
    Message.objects.update(next_try_at=None)
    deliver.run_job(message.pk)
    assert sent(PHONE) == 1


def test_notice_by_sms_counts_against_the_budget_and_is_never_suppressed():
    first, second = elsewhere(0), elsewhere(1)
    operate(sms_prices="US 1", sms_proven_daily_budget=3, email_address_required=False)
    user = holder(first).user
    Identifier.objects.create(user=user, kind="phone_number", value=second, primary=False)
    get_user_model().objects.update(last_login=timezone.now())
    for index in range(3):
        visitor = at(index)
        visitor.sign_in(first, "phone_code")
        visitor.attempt(newest_code(first), "phone_code")  # the third one is the second code again
    assert (sent(first), sent(second), reasons()) == (2, 2, ["SMS budget spent"])
