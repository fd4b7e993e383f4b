"""Escalation: wrong codes make later ones longer, for an identifier and the instance, known or not."""

import pytest

from passwordless_otp import sms
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Counter, TestAddress, Verification
from passwordless_otp.models.instance_settings.limits import DAY
from tests.rate_limits.rows import another, code_of, elsewhere, guess, only, phone, signed_out
from tests.visitor import EMAIL, LIMITS, PHONE, ApiVisitor, errors, joined, later, newest_code

pytestmark = pytest.mark.django_db
NUMBER = 3
# What a code looks like once the row is reached: for the identifier under attack, for any other.
GROWING = {
    "identifier_failures": (8, 6),
    "identifier_failures_per_day": (13, 6),
    "identifier_failures_per_month": (13, 6),
    "instance_failures": (8, 8),
    "instance_failures_per_day": (8, 8),
}
OTHER = "other@example.com"
every_row = pytest.mark.parametrize("name", GROWING)


def strangers_guess(number):
    """So many wrong codes, each from an address of its own: one source can't hand in all of them."""
    for index in range(number):
        assert errors(guess(visitor=elsewhere(100 + index))) == ["form_code_incorrect"]


def length(identifier=EMAIL, visitor=None):
    """How long a code for it is now, by what the API says."""
    visitor = visitor or elsewhere()
    strategy = "email_code" if "@" in identifier else "phone_code"
    return verification_of(visitor.sign_in(identifier, strategy))["code_length"]


def verification_of(answer):
    return answer.json()["response"]["first_factor_verification"]


@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
@every_row
def test_codes_grow_at_exactly_this_number_for_known_and_unknown_alike(name, known):
    only(**{name: NUMBER})
    if known:
        joined(EMAIL)
    strangers_guess(NUMBER - 1)
    assert length() == 6
    strangers_guess(1)
    assert (length(), length(OTHER)) == GROWING[name]
    assert length(phone(1)) == GROWING[name][1]


@every_row
def test_one_that_is_only_tracked_lets_no_code_grow_not_even_later(name, caplog):
    settings = only(**{name: NUMBER}, tracked_only=[name])
    strangers_guess(NUMBER + 3)
    assert (length(), length(OTHER)) == (6, 6)
    told = [record.limit for record in caplog.records if getattr(record, "event", "") == "limit_reached"]
    assert told == [name]
    settings.tracked_only = []
    settings.limits[name] = LIMITS[name].high
    settings.save()
    assert length() == 6


@every_row
def test_nothing_is_logged_as_only_tracked_that_is_not(name, caplog):
    only(**{name: NUMBER})
    strangers_guess(NUMBER + 3)
    assert [record for record in caplog.records if getattr(record, "event", "") == "limit_reached"] == []


def test_of_both_the_longest_is_asked_for():
    only(identifier_failures=1, identifier_failures_per_day=2, instance_failures=1)
    strangers_guess(1)
    assert length() == 8
    guess()
    assert length() == 13


@pytest.mark.parametrize(
    ("name", "held", "identifier"),
    [("identifier_failures", 7 * DAY, EMAIL), ("instance_failures", DAY, OTHER)],
)
def test_they_stay_long_for_a_while_and_fall_back_after(name, held, identifier, clock):
    only(**{name: NUMBER})
    strangers_guess(NUMBER)
    clock.tick(held - 10)
    assert length(identifier) == 8
    clock.tick(held // 12 + 20)
    assert length(identifier) == 6


@pytest.mark.parametrize(
    ("name", "counted"),
    [
        ("identifier_failures_per_day", DAY),
        ("identifier_failures_per_month", 30 * DAY),
        ("instance_failures_per_day", DAY),
    ],
)
def test_those_that_only_count_fall_back_with_what_they_count(name, counted, clock):
    only(**{name: NUMBER})
    strangers_guess(NUMBER)
    clock.tick(counted - 10)
    assert length() == GROWING[name][0]
    clock.tick(counted // 12 + 20)
    assert length() == 6


def test_of_the_failures_per_month_a_right_code_refunds_its_own_and_no_others():
    only(identifier_failures_per_month=NUMBER)
    joined(EMAIL)
    owner = elsewhere()
    owner.sign_in(EMAIL, "email_code")
    code = newest_code(EMAIL)
    strangers_guess(NUMBER - 2)
    owner.attempt(another(code))
    assert owner.attempt(code).status_code == 200
    strangers_guess(1)
    assert length() == 6
    strangers_guess(1)
    assert length() == 13


def test_a_right_code_does_not_clear_what_others_got_wrong_today():
    only(identifier_failures=NUMBER)
    joined(EMAIL)
    strangers_guess(NUMBER)
    owner = elsewhere()
    assert length(visitor=owner) == 8
    assert owner.attempt(newest_code(EMAIL)).status_code == 200
    assert length() == 8


def test_a_resend_after_growth_brings_the_long_code_and_the_tries_go_on():
    only(identifier_failures_per_day=NUMBER, identifier_failures=NUMBER)
    joined(EMAIL)
    owner = elsewhere()
    owner.sign_in(EMAIL, "email_code")
    strangers_guess(NUMBER)
    later(seconds=31)
    answer = owner.prepare()
    told = verification_of(answer)
    assert (told["code_length"], told["code_alphabet"]) == (13, "base32")
    assert told["attempts"] == 0
    assert owner.attempt(newest_code(EMAIL)).status_code == 200


def test_a_live_short_code_has_one_try_left_at_most():
    only(identifier_failures=NUMBER)
    joined(EMAIL)
    fresh, tried = elsewhere(1), elsewhere(2)
    for visitor in [fresh, tried]:
        visitor.sign_in(EMAIL, "email_code")
    short = newest_code(EMAIL)
    tried.attempt(another(short))
    strangers_guess(NUMBER)
    assert errors(tried.attempt(short)) == ["verification_expired"]  # the right one
    mine = Verification.objects.get(flow_id=fresh.flow.removeprefix("sia_"))
    assert errors(fresh.attempt(another(mine.code()))) == ["form_code_incorrect"]
    assert errors(fresh.attempt(mine.code())) == ["verification_expired"]


def test_a_live_short_code_that_nobody_tried_yet_lets_its_owner_in():
    only(identifier_failures_per_day=NUMBER)
    joined(EMAIL)
    owner = elsewhere()
    owner.sign_in(EMAIL, "email_code")
    code = newest_code(EMAIL)
    strangers_guess(NUMBER)
    assert owner.attempt(code).status_code == 200


def test_a_recognised_browser_keeps_its_6_digits_and_its_messages_while_strangers_guess():
    only(identifier_failures_per_day=NUMBER, instance_failures=NUMBER, identifier_emails=6)
    owner = signed_out()  # with a message of its own
    for number in range(5):
        guess(visitor=elsewhere(number))
    stranger = elsewhere(9)
    assert stranger.sign_in(EMAIL, "email_code").status_code == 429
    assert length(visitor=owner) == 6
    assert owner.attempt(another(newest_code(EMAIL))).status_code == 422
    assert owner.attempt(newest_code(EMAIL)).status_code == 200


def test_its_own_wrong_codes_let_those_of_a_recognised_browser_grow_and_nobody_elses():
    only(identifier_failures=NUMBER)
    owner = signed_out()
    for _ in range(NUMBER):
        owner.sign_in(OTHER)
        guess(visitor=owner)
    owner.sign_in(OTHER)
    assert length(visitor=owner) == 8
    assert length() == 6


def test_a_test_identifier_keeps_its_code():
    settings = only(identifier_failures=NUMBER, identifier_failures_per_day=NUMBER)
    settings.test_mode = True
    settings.save()
    TestAddress.objects.create(identifier=PHONE, code="123456", until="2999-01-01")
    for _ in range(NUMBER + 1):
        visitor = ApiVisitor()
        visitor.sign_in(PHONE, "phone_code", sign_up_if_missing=True)
        assert errors(visitor.attempt("000000", "phone_code")) == ["form_code_incorrect"]
    visitor = ApiVisitor()
    visitor.sign_in(PHONE, "phone_code", sign_up_if_missing=True)
    assert errors(visitor.attempt("123456", "phone_code")) == ["sign_up_if_missing_transfer"]


@pytest.mark.parametrize("identifier", [EMAIL, PHONE])
def test_a_grown_code_arrives_whole_and_works_however_it_is_typed(identifier):
    only(identifier_failures_per_day=NUMBER)
    for _ in range(NUMBER):
        guess(identifier)
    visitor = elsewhere()
    strategy = "email_code" if "@" in identifier else "phone_code"
    told = verification_of(visitor.sign_in(identifier, strategy, sign_up_if_missing=True))
    assert (told["code_length"], told["code_alphabet"]) == (13, "base32")
    message, code = memory.sent[-1], newest_code(identifier)
    assert len(code) == 13
    assert code == code_of(identifier)
    if identifier == PHONE:
        assert sms.segments(message.text) == 1
        assert message.text.splitlines()[-1] == f"@example.com #{code}"
    else:
        assert code in message.text
        assert code in message.subject
    answer = visitor.attempt(f" {code[:5].lower()}-{code[5:9]} – {code[9:].lower()} ", strategy)
    assert errors(answer) == ["sign_up_if_missing_transfer"]


def test_text_of_another_code_format_is_not_compared_and_counts_as_a_step():
    only(identifier_failures_per_day=NUMBER)
    strangers_guess(NUMBER)
    visitor = elsewhere()
    visitor.sign_in(EMAIL, "email_code")
    before = set(Counter.objects.values_list("key", "count"))
    for text in ["123456", "12345678", "ABCDEFGHIJKL1", "A" * 12, "A" * 14]:
        assert errors(visitor.attempt(text)) == ["form_code_incorrect"]
    assert [count for _, count in set(Counter.objects.values_list("key", "count")) - before] == [5]
    assert Verification.objects.order_by("-pk")[0].tries == 0
