"""What strangers can still do within the limits: the figures of docs/security.md."""

import pytest

from passwordless_otp.models import Verification
from tests.limits.people import HOUR, OWNER, ask, ask_all, at, gets_in, holder, recognised, sent
from tests.rate_limits.rows import another, code_of
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("site")
STRANGERS = [f"198.{number}.100.1" for number in range(20)]
MOST = 17  # two flows of five tries reach the limit of 10; each of the hour's other 7 codes can be tried once


def open_flows():
    """Open as many flows as the hour allows, each at an address of its own, before anything is guessed."""
    opened = [at(ip) for ip in STRANGERS]
    return [visitor for visitor in opened if ask(visitor) == 200]


def compared():
    return sum(Verification.objects.filter(length=6).values_list("tries", flat=True))


def guess_at(visitors):
    wrong = another(code_of(OWNER))
    for visitor in visitors:
        for _ in range(5):
            visitor.attempt(wrong)


def test_strangers_get_seventeen_guesses_at_six_digits_a_day(clock):
    holder(OWNER)
    for _ in range(12):
        guess_at(open_flows())
        clock.tick(2 * HOUR)
    assert compared() == MOST


def test_control_without_escalation_they_get_more(clock):
    holder(OWNER)
    operate(tracked_only=["identifier_failures", "identifier_failures_per_day"])
    guess_at(open_flows())
    assert compared() > MOST


def test_copied_cookie_guesses_within_the_limits_of_a_recognised_browser():
    holder(OWNER)
    owner, own = recognised(), "thief@example.org"
    holder(own)
    thief = owner.twin()
    assert gets_in(thief, own)
    thief.post("client/sessions?_method=DELETE")
    guess_at(open_flows())
    before = compared()
    assert ask(thief) == 200
    guess_at([thief])
    assert compared() == before + 5
    assert ask(owner) == 429


def test_mail_of_a_day_is_bounded_for_an_address_and_for_its_other_spellings(clock):
    spellings = [f"jane+{number}@example.com" for number in range(3)]
    for identifier in [OWNER, *spellings]:
        holder(identifier)
    for _ in range(8):
        for identifier in [OWNER, *spellings]:
            ask_all(STRANGERS, identifier, times=3)
        clock.tick(2 * HOUR)
    assert sent(OWNER) <= 31
    assert sent(*spellings) <= 31
    assert sent() > 55
