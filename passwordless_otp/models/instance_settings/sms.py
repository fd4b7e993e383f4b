"""To which phones SMS may go, and for how much: a part of the instance settings."""

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

from passwordless_otp import identifiers
from passwordless_otp.models.instance_settings.frozen import Freezable, derived

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)  # ISO 3166-1
COUNTRIES = ["sms_countries", "sms_paused", "sms_never_paused"]
OTHERS = "*"  # stands in the price table for the countries that are not in it
PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
PRICE = re.compile(r"([A-Z]{2}|\*) ([0-9]{1,4}(?:\.[0-9]{1,4})?)")
HIGHEST = 200_000  # a counter holds no more ten-thousandths
WORD = RegexValidator(r"^[^\W\d_]{1,8}\Z|^[$€£¥₹]\Z", _("Write one word, such as USD."))


def default_countries() -> list[str]:
    """Return the countries that are open until the operator says otherwise."""
    return ["US", "CA"]


def _money() -> dict[str, Any]:
    return {
        "max_digits": 10,
        "decimal_places": 4,
        "null": True,
        "blank": True,
        "validators": [MinValueValidator(0), MaxValueValidator(HIGHEST)],
    }


class SmsSettings(Freezable):
    """Which numbers get SMS, and the budget. A number that somebody has proven is always served."""

    sms_countries = models.JSONField(
        _("countries"),
        default=default_countries,
        blank=True,
        help_text=_(
            "Visitors sign up with numbers of these countries; of others they are told that there are no codes. "
            "Whoever has an account keeps getting codes."
        ),
    )
    sms_voip = models.BooleanField(
        _("internet numbers"),
        default=False,
        help_text=_("VoIP numbers may sign up, too. Anybody gets many of them, for little money."),
    )
    sms_blocked_prefixes = models.TextField(
        _("blocked prefixes"),
        blank=True,
        help_text=_(
            "Beginnings of numbers, one a line, such as +1 900. Visitors with such a number are told the same "
            "as those from a country that is not open."
        ),
    )
    sms_prices = models.TextField(
        _("prices"),
        blank=True,
        help_text=_(
            "What an SMS costs you: a country and a price on each line, such as US 0.0083. "
            "* stands for all other countries. Visitors see nothing of it."
        ),
    )
    sms_currency = models.CharField(_("currency"), max_length=8, default="USD", validators=[WORD])
    sms_daily_budget = models.DecimalField(
        _("budget for a day, unverified numbers"),
        **_money(),
        help_text=_(
            "When it is spent, numbers that nobody has verified get no SMS, and visitors are not told: "
            "they can go on by email. It counts the last 24 hours. Empty: no budget."
        ),
    )
    sms_proven_daily_budget = models.DecimalField(
        _("budget for a day, verified numbers"),
        **_money(),
        help_text=_(
            "For people with an account, who share nothing with strangers. When it is spent, they get no "
            "SMS either, and are not told. Empty: no budget."
        ),
    )
    sms_paused = models.JSONField(
        _("paused countries"),
        default=list,
        blank=True,
        help_text=_(
            "Numbers of these countries that nobody has verified get no SMS for now. Visitors are not told: "
            "they wait for a code that does not come."
        ),
    )
    sms_never_paused = models.JSONField(
        _("countries that are not paused by themselves"),
        default=list,
        blank=True,
        help_text=_(
            "A country is paused while next to nobody types the codes that were sent there within an hour. "
            "These are not."
        ),
    )

    class Meta:
        abstract = True

    def serves(self, number: str) -> bool:
        """Tell whether an SMS may go to this number (E.164) though nobody has proven it."""
        if identifiers.region(number) not in self.sms_countries or number.startswith(self.blocked_prefixes):
            return False
        return self.sms_voip or not identifiers.is_voip(number)

    @derived
    def blocked_prefixes(self) -> tuple[str, ...]:
        """The beginnings of numbers that get nothing, as in E.164."""
        lines = [re.sub(r"[\s().-]", "", line) for line in self.sms_blocked_prefixes.splitlines()]
        return tuple(line for line in lines if line)

    @derived
    def prices(self) -> Mapping[str, Decimal]:
        """What an SMS costs, by country. Lines that can't be read are left out."""
        found = [PRICE.fullmatch(line) for line in self._price_lines]
        return MappingProxyType({match[1]: Decimal(match[2]) for match in found if match})

    def price(self, region: str) -> Decimal:
        """Return what an SMS to this country costs: the highest price that there is, where none is known."""
        prices = self.prices
        unknown = prices.get(OTHERS, max(prices.values(), default=Decimal(0)))
        return prices.get(region, unknown)

    @property
    def _price_lines(self) -> list[str]:
        lines = [" ".join(line.split()) for line in self.sms_prices.upper().splitlines()]
        return [line for line in lines if line]


def validate(settings: Any) -> None:
    """Raise `ValidationError` with a sentence for each setting that says nothing."""
    problems: dict[str, Any] = {}
    for name in COUNTRIES:
        listed = getattr(settings, name)
        if not isinstance(listed, list) or not all(region in REGIONS for region in listed):
            problems[name] = _("Name countries by their two letters, such as US.")
    wrong = [prefix for prefix in settings.blocked_prefixes if not PREFIX.fullmatch(prefix)]
    if wrong:
        problems["sms_blocked_prefixes"] = _("Begin with + and the country code: %s") % ", ".join(wrong)
    wrong = [line for line in settings._price_lines if not _is_price(line)]
    budgets = [settings.sms_daily_budget, settings.sms_proven_daily_budget]
    if wrong:
        problems["sms_prices"] = _("Write a country and a price, such as US 0.0083: %s") % ", ".join(wrong)
    elif any(budget is not None for budget in budgets) and not any(settings.prices.values()):
        problems["sms_prices"] = _("A budget needs prices.")
    if None not in budgets and budgets[1] < budgets[0]:
        problems["sms_proven_daily_budget"] = _("Let it be larger than the other one.")
    if problems:
        raise ValidationError(problems)


def _is_price(line: str) -> bool:
    match = PRICE.fullmatch(line)
    return match is not None and (match[1] == OTHERS or match[1] in REGIONS)
