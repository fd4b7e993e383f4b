"""A country in which next to nobody types the codes is left alone, until they do or the hour is over."""

from datetime import timedelta

import pytest
from django.db.models import F

from passwordless_otp.messaging import suppression
from passwordless_otp.models import InstanceSettings, Message, Verification
from tests.sms.strangers import ask, ask_and_type, elsewhere, reasons, sent
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("phone")
FROM = 10  # codes that a country gets before it may be paused, but for the first test


def ask_all(numbers):
    for index in numbers:
        ask(elsewhere(index), index)


@pytest.fixture
def early(phone):
    """A pause comes after fewer codes than by default."""
    operate(limits={"sms_conversion_sample": FROM})


def paused():
    return set(suppression.paused_countries(InstanceSettings.current()))


def test_country_is_paused_after_thirty_codes_that_nobody_types(told):
    ask_all(range(33))
    assert (sent(), reasons()) == (30, ["country is paused for SMS"] * 3)
    assert paused() == {"US"}
    assert told.count(("US", None)) == 1


def test_other_countries_are_not_paused(early):
    ask_all(range(FROM + 1))
    ask("+16045550100", 40)
    assert sent("+16045550100") == 1


@pytest.mark.parametrize(("typed", "goes_on"), [(1, False), (2, True)])
def test_country_is_paused_if_less_than_a_fifth_of_its_codes_is_typed(early, typed, goes_on):
    for index in range(typed):
        ask_and_type(elsewhere(index), index)
    ask_all(range(typed, FROM + 1))
    assert sent() == FROM + goes_on


def test_pause_ends_as_soon_as_enough_are_typed(early):
    ask_all(range(FROM + 1))
    assert paused()
    late = Message.objects.exclude(country="").values_list("verification", flat=True)[:3]
    Verification.objects.filter(pk__in=list(late)).update(status="verified", nonce="")
    assert not paused()
    ask(elsewhere(50), 50)
    assert sent(elsewhere(50)) == 1


def test_pause_is_over_within_the_hour(early):
    ask_all(range(FROM + 1))
    Message.objects.update(created_at=F("created_at") - timedelta(minutes=61))
    assert not paused()
    ask(elsewhere(50), 50)
    assert sent(elsewhere(50)) == 1


def test_messages_that_no_provider_took_do_not_count(early):
    ask_all(range(FROM))
    Message.objects.exclude(country="").update(status="failed", sent_at=None)
    assert not paused()
    Message.objects.exclude(country="").update(sent_at=F("created_at"))  # reported later: it was paid for
    assert paused() == {"US"}


def test_operator_pauses_and_reopens_a_country(early):
    operate(sms_paused=["US"])
    ask_all([0])
    assert (sent(), reasons()) == (0, ["country is paused for SMS"])
    operate(sms_paused=[])
    ask_all([1])
    assert sent() == 1


def test_operator_ends_an_automatic_pause(early):
    ask_all(range(FROM + 1))
    operate(sms_never_paused=["US"])
    assert not paused()
    ask_all(range(FROM + 1, FROM + 4))
    assert sent() == FROM + 3


def test_tracked_only_conversion_sends_the_signal_and_pauses_nothing(early, told):
    operate(tracked_only=["sms_conversion"])
    ask_all(range(FROM + 3))
    assert sent() == FROM + 3
    assert ("US", None) in told


def test_sms_to_proven_numbers_do_not_count(early):
    ask_and_type(elsewhere(0), 0)
    ask(elsewhere(0), 1)
    assert sent() == 2
    assert suppression.conversions() == {"US": (1, 1, 1)}


def test_codes_that_were_used_do_not_count_for_as_long_as_the_limit_looks_back(phone):
    operate(limits={"sms_conversion": 0, "sms_country": 2})
    for index in range(2):
        ask_and_type(elsewhere(index), index)
    Message.objects.update(created_at=F("created_at") - timedelta(minutes=62))
    ask(elsewhere(50), 50)
    assert sent(elsewhere(50)) == 1
