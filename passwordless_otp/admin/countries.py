"""Names of countries, and the form field to choose countries by name."""

from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import phonenumbers
from django import forms
from django.contrib.admin.widgets import FilteredSelectMultiple
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.instance_settings.sms import REGIONS

UNNAMED = {"AC": _("Ascension Island"), "TA": _("Tristan da Cunha"), "XK": _("Kosovo")}  # not in the file
# Loaded from its path: importing the package would load the town names of all countries, 100 MB.
NAMES = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"


def name(region: str) -> str:
    """Return the name of a country in the active language, or its two letters if the name is not known."""
    called = _names().get(region, {})
    own = called.get((get_language() or "en").partition("-")[0], "")
    own = called.get(own[1:], "") if own.startswith("*") else own  # "*en": as in English
    return own or called.get("en", "") or str(UNNAMED.get(region, region))


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
def _names() -> dict[str, dict[str, str]]:
    spec = spec_from_file_location("phonenumbers.geodata.locale", NAMES) if NAMES.exists() else None
    if spec is None or spec.loader is None:
        return {}
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: dict[str, dict[str, str]] = getattr(module, "LOCALE_DATA", {})
    return found
