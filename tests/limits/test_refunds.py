"""What a success gives back depends on what the step has cost: never an SMS, never an account."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.models import InstanceSettings
from passwordless_otp.rate_limits import windows
from tests.limits.people import (
    DAY,
    HERE,
    HOUR,
    NUMBER,
    OWNER,
    ask,
    at,
    gets_in,
    guess,
    holder,
    lower,
    recognised,
    sent,
    sign_out,
)
from tests.second_step import STEP
from tests.sms.strangers import elsewhere
from tests.test_proofs import with_step
from tests.visitor import newest_code, wrong

pytestmark = pytest.mark.usefixtures("site")
OTHER = "+12125550100"


def sign_up(address, visitor=None):
    """Sign up at once; return the status of the last answer."""
    visitor = visitor or at()
    kind = "email_address" if "@" in address else "phone_number"
    strategy = "email_code" if "@" in address else "phone_code"
    answer = visitor.sign_up(**{kind: address}, strategy=strategy)
    if answer.status_code == 200:
        answer = visitor.attempt(newest_code(address), strategy)
    return answer.status_code


def accounts():
    return get_user_model().objects.count()


# SMS


def test_browser_that_signs_in_and_out_by_sms_for_a_day_gets_a_days_sms(clock):
    holder(NUMBER)
    visitor = at()
    for _ in range(DAY):
        while gets_in(sign_out(visitor), NUMBER):
            assert sent(NUMBER) <= 11
        clock.tick(HOUR)
    assert sent(NUMBER) >= 10


def test_new_browser_at_a_new_address_each_time_gets_no_more_than_one_numbers_daily_sms(clock):
    holder(NUMBER)
    for hour in range(DAY):
        number = 0
        while gets_in(at(f"198.51.{hour}.{number}"), NUMBER):
            number += 1
            assert sent(NUMBER) <= 20
        clock.tick(HOUR)
    assert sent(NUMBER) >= 10


def test_without_a_success_a_source_gets_three_sms_an_hour():
    holder(NUMBER)
    assert [ask(at(), NUMBER) for _ in range(5)] == [200] * 3 + [429] * 2


def test_account_that_signs_in_by_sms_leaves_others_theirs():
    lower(sms_proven=30)
    holder(NUMBER)
    holder(OTHER)
    visitor = at()
    for _ in range(35):
        gets_in(sign_out(visitor), NUMBER)
    assert gets_in(at("203.0.113.9"), OTHER)


def test_proven_numbers_share_of_sms_is_taken_by_all_of_them_together():
    lower(sms_proven=10)
    numbers = [elsewhere(index) for index in range(11)]
    for index, number in enumerate(numbers):
        holder(number)
        ask(at(f"203.0.113.{index}"), number)
    assert sent() == 10


def test_sms_of_an_address_are_not_given_back_at_a_sign_in():
    for index in range(11):
        holder(elsewhere(index))
    assert [gets_in(at(), elsewhere(index)) for index in range(11)] == [True] * 10 + [False]


# Recognised browsers


def test_success_gives_a_recognised_browser_no_new_counter():
    holder(NUMBER)
    visitor = recognised(NUMBER)
    came = [gets_in(sign_out(visitor), NUMBER) for _ in range(6)]
    assert came == [True] * 5 + [False]


def test_recognised_browser_that_types_no_code_gets_five_sms_an_hour(clock):
    holder(NUMBER)
    visitor = recognised(NUMBER)
    assert in_an_hour(visitor, NUMBER, clock) == 5


def in_an_hour(visitor, identifier, clock, times=7):
    """Ask so often, each time in another flow; return how many messages went out."""
    before = sent(identifier)
    for _ in range(times):
        visitor.sign_in("somebody@example.com")
        ask(visitor, identifier)
        clock.tick(31)
    return sent(identifier) - before


def test_two_recognised_browsers_of_one_number_share_a_counter(clock):
    holder(NUMBER)
    first, second = recognised(NUMBER), recognised(NUMBER)
    sms = in_an_hour(first, NUMBER, clock, 3) + in_an_hour(second, NUMBER, clock, 3)
    assert sms == 5


@pytest.mark.parametrize(("identifier", "most"), [(NUMBER, 10), (OWNER, 20)])
def test_recognised_browser_has_a_daily_cap(clock, identifier, most):
    holder(identifier)
    visitor = recognised(identifier)
    before = sent(identifier)
    for _ in range(DAY // 2):
        in_an_hour(visitor, identifier, clock, 3)
        clock.tick(2 * HOUR - 93)
    assert sent(identifier) - before == most


# Sign-ups


def test_thirty_accounts_an_hour_are_made_from_one_address():
    statuses = [sign_up(f"bot{number}@example.org") for number in range(33)]
    assert (accounts(), statuses[30:]) == (30, [429] * 3)


def test_line_of_many_64s_makes_twice_as_many_accounts_and_a_site_four_times():
    lower(ip_sign_ups=2)
    line = [f"2001:db8:0:{number:x}::1" for number in range(4)]
    site = [f"2001:db8:0:{number:x}00::1" for number in range(1, 6)]
    other = ["2001:db8:1::1"]
    made = []
    for ips in [line, site, other]:
        before = accounts()
        for ip in ips:
            for number in range(3):
                sign_up(f"b{number}@{ip.replace(':', '-')}.example.org".replace("--1.", "."), at(ip))
        made.append(accounts() - before)
    assert made == [4, 4, 2]


@pytest.mark.slow
def test_accounts_made_where_nobody_had_the_identifier_count_as_well():
    for number in range(33):
        visitor = at()
        email = f"bot{number}@example.org"
        if visitor.sign_in(email, "email_code", sign_up_if_missing=True).status_code == 200:
            visitor.attempt(newest_code(email))
            visitor.sign_up(transfer=True)
    assert accounts() == 30


@pytest.mark.slow
def test_another_address_still_makes_accounts():
    for number in range(31):
        sign_up(f"bot{number}@example.org")
    assert sign_up("ann@example.com", at("203.0.113.9")) == 200


@pytest.mark.slow
def test_two_hundred_accounts_a_day_are_made_from_one_address(clock):
    for hour in range(9):
        for number in range(31):
            sign_up(f"bot{hour}.{number}@example.org")
        clock.tick(HOUR)
    assert accounts() == 200


@pytest.mark.parametrize("types", [True, False])
def test_sms_for_sign_ups_are_not_given_back(types):
    taken = 0
    for index in range(12):
        visitor, number = at(), elsewhere(index)
        if visitor.sign_up(phone_number=number, strategy="phone_code").status_code == 200:
            taken += 1
            if types:
                visitor.attempt(newest_code(number), "phone_code")
    assert (taken, sent(), accounts()) == (10, 10, 10 if types else 0)


@pytest.mark.slow
def test_sign_ins_by_mail_from_one_address_are_given_back():
    people = [f"p{number}@example.com" for number in range(65)]
    for person in people:
        holder(person)
    assert all(gets_in(at(HERE), person) for person in people)


def test_wrong_codes_are_given_back_once_though_a_step_of_the_site_follows(settings):
    with_step(settings)
    holder(OWNER, NUMBER)
    guess("somebody@example.org", at())
    visitor = at()
    visitor.sign_up(email_address=OWNER, phone_number=NUMBER, strategy="email_code")
    code = newest_code(OWNER)
    for _ in range(4):
        assert visitor.attempt(wrong(code)).status_code == 422
    assert visitor.attempt(code).status_code == 200
    visitor.prepare("phone_code")
    visitor.attempt(newest_code(NUMBER), "phone_code")
    assert visitor.http.post(STEP).status_code == 302
    bucket = windows.bucket_for(InstanceSettings.current(), "ip_failures", HERE)
    assert windows.totals(bucket) == [5]
