"""Names of countries, and the form field to choose countries by name."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from babel import Locale, UnknownLocaleError
from django import forms
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.utils.translation import get_language, to_locale

from passwordless_otp.models.instance_settings.sms import REGIONS


def name(region: str) -> str:
    """Return the name of a country in the active language, or its two letters if the name is not known."""
    return _names(get_language() or "en").get(region, region)


def choices() -> list[tuple[str, str]]:
    """Return all countries with phone numbers, sorted by name."""
    return sorted(((region, f"{name(region)} ({region})") for region in REGIONS), key=lambda each: each[1])


def field(label: Any, help_text: Any) -> forms.Field:
    """Return a form field for several countries."""
    widget: Any = FilteredSelectMultiple(str(label), is_stacked=False)
    return forms.MultipleChoiceField(
        choices=choices, required=False, label=label, help_text=help_text, widget=widget
    )


@cache
def _names(language: str) -> Mapping[str, str]:
    """Return the names of all countries as the Unicode CLDR has them; in English where it lacks the language."""
    try:
        return Locale.parse(to_locale(language)).territories
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en").territories
