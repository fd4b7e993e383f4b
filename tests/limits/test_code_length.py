"""A code never grows beyond what the delivery channel carries, and a check says so beforehand."""

import pytest
from django.core.checks import run_checks

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message
from tests.limits.people import (
    HOME,
    NUMBER,
    OWNER,
    ask,
    at,
    gets_in,
    guess,
    holder,
    is_complete,
    recognised,
    type_code,
)
from tests.rate_limits.rows import code_of
from tests.visitor import operate

pytestmark = pytest.mark.usefixtures("site")
LONG = "passwordless_otp.messaging.backends.memory.MemoryBackend"
SHORT = f"{__name__}.TenCharacters"


class TenCharacters(memory.MemoryBackend):
    """A provider that takes codes of at most ten characters."""

    max_code_length = 10


def chain(settings, *backends, channel="sms"):
    entries = [{"BACKEND": backend} for backend in backends]
    delivery = {**settings.PASSWORDLESS_OTP["DELIVERY"], channel: entries}
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": delivery}


def under_attack(*identifiers):
    operate(limits={"identifier_failures": 50, "identifier_failures_per_day": 5})
    for identifier in identifiers:
        guess(identifier, at())


def test_attacked_number_gets_the_longest_code_that_its_provider_takes(settings):
    chain(settings, SHORT)
    holder(NUMBER)
    under_attack(NUMBER)
    assert gets_in(at(HOME), NUMBER)
    assert Message.objects.latest("pk").status == "sent"
    assert not Message.objects.filter(error_code="code too long").exists()


def test_code_of_ten_characters_is_not_outgrown_when_it_is_handed_in(settings):
    chain(settings, SHORT)
    holder(NUMBER)
    under_attack(NUMBER)
    visitor = at(HOME)
    ask(visitor, NUMBER)
    assert len(code_of(NUMBER)) == 10
    assert visitor.attempt("2" * 10 if code_of(NUMBER) != "2" * 10 else "3" * 10, "phone_code").status_code == 422
    assert is_complete(type_code(visitor, NUMBER))


def test_code_in_an_open_flow_grows_to_ten_characters_and_no_more(settings, clock):
    chain(settings, SHORT)
    holder(NUMBER)
    visitor = at(HOME)
    ask(visitor, NUMBER)
    under_attack(NUMBER)
    clock.tick(31)
    assert visitor.prepare("phone_code").status_code == 200
    assert len(memory.sent[-1].code) == 10
    assert is_complete(type_code(visitor, NUMBER))


def test_recognised_browser_under_attack_gets_its_code(settings, clock):
    chain(settings, SHORT)
    holder(NUMBER)
    visitor = recognised(NUMBER)
    operate(limits={"identifier_failures": 50, "identifier_failures_per_day": 5})
    guess(NUMBER, visitor)
    clock.tick(31)
    assert gets_in(visitor, NUMBER)


def test_email_through_a_backend_of_ten_characters_is_capped_as_well(settings):
    chain(settings, SHORT, channel="email")
    holder(OWNER)
    under_attack(OWNER)
    assert gets_in(at(HOME))


def test_where_the_channel_carries_more_codes_grow_to_thirteen(settings):
    chain(settings, SHORT)
    holder(OWNER)
    under_attack(OWNER)
    ask(at(HOME))
    assert len(code_of(OWNER)) == 13


def test_without_an_attack_a_code_has_six_digits(settings):
    chain(settings, SHORT)
    holder(NUMBER)
    assert gets_in(at(HOME), NUMBER)
    assert len(memory.sent[-1].code) == 6


def test_check_names_a_chain_that_cannot_carry_the_longest_code(settings):
    chain(settings, LONG)
    before = {found.id for found in run_checks(include_deployment_checks=True)}
    chain(settings, SHORT)
    found = [each for each in run_checks(include_deployment_checks=True) if each.id not in before]
    assert len(found) == 1
    assert "10" in found[0].msg + str(found[0].hint)


def test_check_is_silent_where_another_provider_of_the_chain_carries_it(settings):
    chain(settings, LONG)
    before = {found.id for found in run_checks(include_deployment_checks=True)}
    chain(settings, SHORT, LONG)
    assert {found.id for found in run_checks(include_deployment_checks=True)} <= before
