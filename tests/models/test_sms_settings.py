"""What an operator may write about SMS, and what comes of it."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.sms import REGIONS

pytestmark = pytest.mark.django_db


def problems(**given):
    with pytest.raises(ValidationError) as refused:
        InstanceSettings(**given).full_clean()
    return set(refused.value.message_dict)


def test_two_countries_are_open_by_default():
    settings = InstanceSettings()
    settings.full_clean()
    assert settings.sms_countries == ["US", "CA"]
    assert not settings.sms_voip


def test_all_countries_can_be_open():
    InstanceSettings(sms_countries=REGIONS).full_clean()
    assert {"US", "DE", "XK"} <= set(REGIONS)
    assert "001" not in REGIONS


@pytest.mark.parametrize("name", ["sms_countries", "sms_paused", "sms_never_paused"])
@pytest.mark.parametrize("listed", [["USA"], ["us"], ["001"], [1], [["US"]], "US", {"US": 1}, 7])
def test_invalid_list_of_countries_is_refused(name, listed):
    assert problems(**{name: listed}) == {name}


@pytest.mark.parametrize(
    ("lines", "read"),
    [("", []), ("+1 900", ["+1900"]), ("+44 (7700)\n\n +49-176 \n", ["+447700", "+49176"]), ("+1", ["+1"])],
)
def test_prefixes_are_read_in_any_spelling(lines, read):
    settings = InstanceSettings(sms_blocked_prefixes=lines, sms_allowed_prefixes=lines)
    settings.full_clean()
    assert settings.blocked_prefixes == settings.allowed_prefixes == tuple(read)


@pytest.mark.parametrize("lines", ["1900", "+", "+0", "+1900 x", "+1900, +1976", "+1234567890123456"])
def test_invalid_prefix_is_refused(lines):
    for name in ["sms_blocked_prefixes", "sms_allowed_prefixes"]:
        assert problems(**{name: lines}) == {name}


def test_star_is_the_price_of_all_other_countries():
    settings = InstanceSettings(sms_prices="us 0.0083\n\n DE  0.11\n* 0.2")
    settings.full_clean()
    assert [settings.price(region) for region in ["US", "DE", "FR"]] == list(
        map(Decimal, ["0.0083", "0.11", "0.2"])
    )


def test_country_without_price_costs_as_much_as_the_most_expensive():
    assert InstanceSettings(sms_prices="US 0.01\nDE 0.11").price("FR") == Decimal("0.11")
    assert InstanceSettings().price("FR") == 0


@pytest.mark.parametrize("lines", ["US", "0.01", "US 0,01", "US -1", "XX 0.1", "USA 1", "US 0.00001", "US 1 USD"])
def test_invalid_price_is_refused(lines):
    assert problems(sms_prices=lines) == {"sms_prices"}


def test_budget_without_prices_is_refused():
    assert problems(sms_daily_budget=5) == {"sms_prices"}
    assert problems(sms_daily_budget=5, sms_prices="US 0") == {"sms_prices"}
    InstanceSettings(sms_daily_budget=5, sms_prices="US 0.01").full_clean()


def test_budget_for_verified_numbers_is_at_least_the_other_one():
    given = {"sms_prices": "US 0.01", "sms_daily_budget": 5}
    assert problems(**given, sms_proven_daily_budget=4) == {"sms_proven_daily_budget"}
    InstanceSettings(**given, sms_proven_daily_budget=5).full_clean()


@pytest.mark.parametrize("budget", [-1, 200_001, "0.00001"])
def test_budget_out_of_range_is_refused(budget):
    assert "sms_daily_budget" in problems(sms_daily_budget=budget, sms_prices="US 1")


@pytest.mark.parametrize(("word", "fine"), [("USD", True), ("€", True), ("US dollar", False), ("1", False)])
def test_the_currency_is_one_word(word, fine):
    if fine:
        InstanceSettings(sms_currency=word).full_clean()
    else:
        assert problems(sms_currency=word) == {"sms_currency"}


def test_territory_costs_what_its_country_does_unless_it_has_a_price():
    settings = InstanceSettings(sms_prices="GB 0.04\nJE 0.05\n* 0.2")
    assert [settings.price(region) for region in ["GB", "JE", "GG", "FR"]] == list(
        map(Decimal, ["0.04", "0.05", "0.04", "0.2"])
    )
