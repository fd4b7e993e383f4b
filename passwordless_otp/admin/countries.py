"""The names of countries, and the field in which an operator chooses some."""

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

NAMELESS = {"AC": _("Ascension Island"), "TA": _("Tristan da Cunha"), "XK": _("Kosovo")}  # below
# Imported as usual this file would bring the towns of all countries with it, 100 MB.
NAMES = Path(phonenumbers.__file__).parent / "geodata" / "locale.py"


def name(region: str) -> str:
    """Return what a country is called in the active language; its two letters, where that is not known."""
    called = _names().get(region, {})
    own = called.get((get_language() or "en").partition("-")[0], "")
    own = called.get(own[1:], "") if own.startswith("*") else own  # the same as in that language
    return own or called.get("en", "") or str(NAMELESS.get(region, region))


def choices() -> list[tuple[str, str]]:
    """Return all countries that have phones, by name."""
    return sorted(((region, f"{name(region)} ({region})") for region in REGIONS), key=lambda each: each[1])


def field(label: Any, help_text: Any) -> forms.Field:
    """Return a field in which some countries are chosen."""
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
