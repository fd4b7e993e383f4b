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

from passwordless_otp import identifiers
from passwordless_otp.models.instance_settings.frozen import Freezable, derived

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)  # ISO 3166-1
COUNTRIES = ["sms_countries", "sms_paused", "sms_never_paused"]
OTHERS = "*"  # in the price table: every other country
PREFIX = re.compile(r"\+[1-9][0-9]{0,14}")
PRICE = re.compile(rf"({'|'.join(REGIONS)}|\*) ([0-9]{{1,4}}(?:\.[0-9]{{1,4}})?)")
HIGHEST = 200_000  # in ten-thousandths, the most that a counter can hold
WORD = RegexValidator(r"^[^\W\d_]{1,8}\Z|^[$€£¥₹]\Z", _("Enter one word of up to 8 letters, such as USD."))


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
            "People who have verified their number keep getting codes."
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
        if identifiers.region(number) not in self.sms_countries or number.startswith(self.blocked_prefixes):
            return False
        return self.sms_voip or not identifiers.is_voip(number)

    @derived
    def blocked_prefixes(self) -> tuple[str, ...]:
        """Prefixes of numbers that get no SMS, in E.164."""
        lines = [re.sub(r"[\s().-]", "", line) for line in self.sms_blocked_prefixes.splitlines()]
        return tuple(line for line in lines if line)

    @derived
    def prices(self) -> Mapping[str, Decimal]:
        """Price of an SMS by country. Lines that can't be read are left out."""
        found = [PRICE.fullmatch(line) for line in self._price_lines]
        return MappingProxyType({match[1]: Decimal(match[2]) for match in found if match})

    def price(self, region: str) -> Decimal:
        """Return the price of an SMS to this country. Without a price it costs as much as the most expensive."""
        prices = self.prices
        unknown = prices.get(OTHERS, max(prices.values(), default=Decimal(0)))
        return prices.get(region, unknown)

    @property
    def _price_lines(self) -> list[str]:
        lines = [" ".join(line.split()) for line in self.sms_prices.upper().splitlines()]
        return [line for line in lines if line]


def validate(settings: SmsSettings) -> None:
    """Raise `ValidationError` for countries, prefixes and prices that can't be read, and for useless budgets."""
    problems: dict[str, Any] = {}
    for name in COUNTRIES:
        listed = getattr(settings, name)
        if not isinstance(listed, list) or not all(region in REGIONS for region in listed):
            problems[name] = _("Give a list of two-letter country codes, such as US.")
    wrong = [prefix for prefix in settings.blocked_prefixes if not PREFIX.fullmatch(prefix)]
    if wrong:
        sentence = _("Start each prefix with + and the country code. Correct these: %s")
        problems["sms_blocked_prefixes"] = sentence % ", ".join(wrong)
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
