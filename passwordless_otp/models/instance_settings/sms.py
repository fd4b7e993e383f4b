"""Instance settings: which numbers get SMS, and how much SMS may cost."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp import identifiers, phone_numbers
from passwordless_otp.models.instance_settings.frozen import Freezable, derived

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)  # ISO 3166-1
COUNTRIES = ["sms_countries", "sms_paused", "sms_never_paused"]
OTHERS = "*"  # in the price table: every other country
PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
PRICE = re.compile(rf"({'|'.join(REGIONS)}|\*) ([0-9]{{1,4}}(?:\.[0-9]{{1,4}})?)")
HIGHEST = 200_000  # in ten-thousandths, the most that a counter can hold
WORD = RegexValidator(r"^[^\W\d_]{1,8}\Z|^[$€£¥₹]\Z", _("Enter one word of up to 8 letters, such as USD."))


# Country → its territories that share its calling code, which are open with it. Countries of their own that share
# a code, such as the United States and Jamaica, are not here.
TERRITORIES = {
    "AU": "CC CX",
    "CW": "BQ",
    "FI": "AX",
    "GB": "GG IM JE",
    "GP": "BL MF",
    "IT": "VA",
    "MA": "EH",
    "NO": "SJ",
    "RE": "YT",
    "SH": "TA",
    "US": "AS GU MP PR VI",
}
MAINLAND = {place: country for country, places in TERRITORIES.items() for place in places.split()}


def default_countries() -> list[str]:
    """Return the countries that are open by default."""
    return ["US", "CA"]


def _budget(label: Any, help_text: Any) -> Any:
    options: dict[str, Any] = {"max_digits": 10, "decimal_places": 4, "null": True, "blank": True}
    between = [MinValueValidator(0), MaxValueValidator(HIGHEST)]
    return models.DecimalField(label, help_text=help_text, validators=between, **options)


class SmsSettings(Freezable):
    """Countries, prices and budgets. Countries and prefixes do not hold for numbers that a user has verified."""

    sms_countries = models.JSONField(
        _("countries"),
        default=default_countries,
        blank=True,
        help_text=_(
            "Visitors with a number of another country are told at sign-up that they can't get a code. "
            "People who have verified their number keep getting codes. Territories that share the calling code "
            "of a country, such as Jersey with the United Kingdom, are open with it."
        ),
    )
    sms_voip = models.BooleanField(
        _("internet numbers"),
        default=False,
        help_text=_("Visitors can sign up with VoIP numbers, too. One person can get many of these cheaply."),
    )
    sms_blocked_prefixes = models.TextField(
        _("blocked prefixes"),
        blank=True,
        help_text=_(
            "One prefix per line, such as +1 900. Visitors with such a number are told at sign-up that they "
            "can't get a code."
        ),
    )
    sms_allowed_prefixes = models.TextField(
        _("allowed prefixes"),
        blank=True,
        help_text=_(
            "One prefix per line, such as +1 624. Such numbers count as mobile numbers in use, also if the app "
            "does not know them yet. Their country has to be open. Blocked prefixes come first."
        ),
    )
    sms_prices = models.TextField(
        _("prices"),
        blank=True,
        help_text=_(
            "What an SMS costs you: one country and price per line, such as US 0.0083. "
            "Use * for all other countries. Visitors don't see the prices."
        ),
    )
    sms_currency = models.CharField(_("currency"), max_length=8, default="USD", validators=[WORD])
    sms_daily_budget: Decimal | None = _budget(
        _("daily budget for unverified numbers"),
        _(
            "For the last 24 hours. When it is spent, unverified numbers get no SMS. Visitors are not told; "
            "email codes still work. Empty: no budget."
        ),
    )
    sms_proven_daily_budget: Decimal | None = _budget(
        _("daily budget for verified numbers"),
        _(
            "For the last 24 hours. When it is spent, people with an account get no SMS either, and are not "
            "told. Strangers can't use it up. Empty: no budget."
        ),
    )
    sms_paused = models.JSONField(
        _("paused countries"),
        default=list,
        blank=True,
        help_text=_(
            "Unverified numbers of these countries get no SMS. Visitors are not told: they wait for a code "
            "that is not sent."
        ),
    )
    sms_never_paused = models.JSONField(
        _("countries never paused automatically"),
        default=list,
        blank=True,
        help_text=_("Other countries are paused while very few of the codes sent there within an hour are used."),
    )

    class Meta:
        abstract = True

    def serves(self, number: str) -> bool:
        """Return whether SMS may go to this number (E.164), which no user has verified."""
        if number.startswith(self.blocked_prefixes) or not self._is_open(number):
            return False
        if number.startswith(self.allowed_prefixes):
            return True
        return phone_numbers.is_mobile(number) and (self.sms_voip or not identifiers.is_voip(number))

    def _is_open(self, number: str) -> bool:
        """Return whether the country of this number is open, or the one that it is a territory of."""
        return not self.sms_countries_open.isdisjoint(phone_numbers.countries(number))

    @derived
    def sms_countries_open(self) -> frozenset[str]:
        """The open countries with their territories that share their calling code."""
        territories = [place for country in self.sms_countries for place in TERRITORIES.get(country, "").split()]
        return frozenset([*self.sms_countries, *territories])

    @derived
    def blocked_prefixes(self) -> tuple[str, ...]:
        """Prefixes of numbers that get no SMS, in E.164."""
        return _prefixes(self.sms_blocked_prefixes)

    @derived
    def allowed_prefixes(self) -> tuple[str, ...]:
        """Prefixes of numbers that count as mobile numbers, in E.164."""
        return _prefixes(self.sms_allowed_prefixes)

    @derived
    def prices(self) -> Mapping[str, Decimal]:
        """Price of an SMS by country. Lines that can't be read are left out."""
        found = [PRICE.fullmatch(line) for line in self._price_lines]
        return MappingProxyType({match[1]: Decimal(match[2]) for match in found if match})

    def price(self, region: str) -> Decimal:
        """Return the price of an SMS to this country. Without a price it costs as much as the most expensive."""
        prices = self.prices
        unknown = prices.get(OTHERS, max(prices.values(), default=Decimal(0)))
        return prices.get(region, prices.get(MAINLAND.get(region, ""), unknown))

    @property
    def _price_lines(self) -> list[str]:
        lines = [" ".join(line.split()) for line in self.sms_prices.upper().splitlines()]
        return [line for line in lines if line]


def _prefixes(lines: str) -> tuple[str, ...]:
    bare = [re.sub(r"[\s().-]", "", line) for line in lines.splitlines()]
    return tuple(line for line in bare if line)


def _check_prefixes(lines: str, name: str, problems: dict[str, Any]) -> None:
    wrong = [prefix for prefix in _prefixes(lines) if not PREFIX.fullmatch(prefix)]
    if wrong:
        sentence = _("Start each prefix with + and the country code. Correct these: %s")
        problems[name] = sentence % ", ".join(wrong)


def validate(settings: SmsSettings) -> None:
    """Raise `ValidationError` for countries, prefixes and prices that can't be read, and for useless budgets."""
    problems: dict[str, Any] = {}
    for name in COUNTRIES:
        listed = getattr(settings, name)
        if not isinstance(listed, list) or not all(region in REGIONS for region in listed):
            problems[name] = _("Give a list of two-letter country codes, such as US.")
    for name in ["sms_blocked_prefixes", "sms_allowed_prefixes"]:
        _check_prefixes(getattr(settings, name), name, problems)
    wrong = [line for line in settings._price_lines if not PRICE.fullmatch(line)]
    budget, proven_budget = settings.sms_daily_budget, settings.sms_proven_daily_budget
    if wrong:
        sentence = _("Enter a country and a price per line, such as US 0.0083. Correct these: %s")
        problems["sms_prices"] = sentence % ", ".join(wrong)
    elif (budget, proven_budget) != (None, None) and not any(settings.prices.values()):
        problems["sms_prices"] = _("Enter the price of an SMS. A budget can't be counted without prices.")
    if budget is not None and proven_budget is not None and proven_budget < budget:
        sentence = _("The budget for verified numbers must be at least the budget for new ones.")
        problems["sms_proven_daily_budget"] = sentence
    if problems:
        raise ValidationError(problems)
