"""An operator opens countries by name, pauses them, and reads what holds SMS back."""

import pytest
from django.utils import translation

from passwordless_otp.admin import countries
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.sms import REGIONS
from tests.admin.conftest import SETTINGS, apply, text
from tests.sms.strangers import ask, elsewhere, sent
from tests.visitor import both_kinds, operate

pytestmark = pytest.mark.django_db
LIST = "/admin/passwordless_otp/message/"


def test_countries_have_names_in_the_operators_language(root):
    page = text(root.get(SETTINGS))
    assert '<option value="US" selected>United States (US)</option>' in page
    assert '<option value="DE">Germany (DE)</option>' in page
    with translation.override("de"):
        assert ("DE", "Deutschland (DE)") in countries.choices()


def test_every_country_has_a_name_and_they_are_sorted_by_it():
    names = [name for _, name in countries.choices()]
    assert len(names) == len(REGIONS)
    assert names == sorted(names)
    assert [name for name in names if len(name) < 8 or "*" in name] == []


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", "Nordmazedonien"),
        ("zh-hans", "北马其顿"),
        ("pt-br", "Macedônia do Norte"),
        ("tlh", "North Macedonia"),
    ],
)
def test_country_names_are_those_of_today_in_the_active_language(language, expected):
    with translation.override(language):
        assert countries.name("MK") == expected
        assert countries.name("QQ") == "QQ"


def test_chosen_countries_take_effect_with_the_next_request(root):
    both_kinds()
    answer = apply(root, sms_countries=["DE", "GB"], sms_paused=["GB"], sms_prices="* 0.1", sms_daily_budget="5")
    assert answer.status_code == 302
    settings = InstanceSettings.objects.get()
    assert (settings.sms_countries, settings.sms_paused) == (["DE", "GB"], ["GB"])
    assert settings.sms_daily_budget == 5
    ask("+4915123456789", 0)
    ask("+447400123456", 1)
    assert sent() == sent("+4915123456789") == 1


def test_operator_can_choose_no_country(root):
    assert apply(root, sms_countries=False).status_code == 302
    assert InstanceSettings.objects.get().sms_countries == []


def test_invalid_country_and_price_are_refused_at_their_fields(root):
    answer = apply(root, sms_countries=["XX"], sms_prices="US cheap")
    assert set(answer.context["adminform"].form.errors) == {"sms_countries", "sms_prices"}


@pytest.mark.parametrize("path", [SETTINGS, LIST])
def test_paused_country_is_shown_above_settings_and_messages(root, path):
    both_kinds()
    for index in range(31):
        ask(elsewhere(index), index)
    page = text(root.get(path))
    assert (
        "United States: SMS to unverified numbers are paused. Of 30 codes sent there in the last hour, 0 were"
        in page
    )
    operate(sms_never_paused=["US"])
    assert "United States: SMS to unverified numbers" not in text(root.get(path))


def test_country_paused_by_operator_is_shown(root):
    both_kinds(sms_paused=["US", "CA"])
    assert "in these countries: Canada, United States." in text(root.get(LIST))


@pytest.mark.parametrize(("asked", "said"), [(7, False), (8, True), (11, True)])
def test_limit_used_up_to_80_percent_is_shown(root, asked, said):
    both_kinds(limits={"sms_instance": 10})
    for index in range(asked):
        ask(elsewhere(index), index)
    expected = f"{min(100, asked * 10)} % used: SMS to unverified numbers on the whole site per hour (10)."
    assert (expected in text(root.get(SETTINGS))) == said


def test_used_budget_is_shown_in_its_currency(root):
    both_kinds(sms_prices="US 0.5", sms_daily_budget=1, sms_currency="EUR")
    for index in range(2):
        ask(elsewhere(index), index)
    page = text(root.get(LIST))
    assert "100 % used: daily budget for unverified numbers (1.00 EUR)." in page


def test_no_sms_warning_is_shown_if_phones_are_off(root):
    operate(sms_paused=["US"])
    assert "You have paused" not in text(root.get(LIST))
