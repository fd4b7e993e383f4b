"""The table of limits in the form of the instance settings: a number and a box for each."""

from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.limit_settings import LIMITS, Limit

NUMBER, BOX = "limit_{}", "track_{}"
WAITS = _("Who asks for more is told how long to wait.")
# What a visitor notices of it.
HELP = {
    "identifier_messages": _(
        "A stranger who keeps asking can delay its owner in a browser that she has not signed in with before."
    ),
    "identifier_ip_messages": _("So that one stranger alone can't use up the limit above."),
    "identifier_emails": WAITS,
    "identifier_sms": WAITS,
    "mailbox_messages": _("jane+shop@example.com and jane+work@example.com count as one."),
    "recognised_messages": _("For a browser that she has signed in with. Strangers can't use this up."),
    "ip_flows": _("An office or a school may share one address. A sign-in that succeeds does not count."),
    "ip_messages": _("An office or a school may share one address. A sign-in that succeeds does not count."),
    "ip_sms": _("Each SMS costs you money. A sign-in that succeeds does not count."),
    "ip_failures": _("Then even the right code is refused at this address, for a while, and no try is used up."),
    "identifier_failures": _("Everybody but a recognised browser has to type 8 digits instead of 6, for 7 days."),
    "identifier_siege": _("Nobody can guess such a code. A recognised browser keeps its 6 digits."),
    "identifier_streak": _("Against somebody who guesses slowly. Every success begins anew."),
    "instance_failures": _("Everybody but a recognised browser has to type 8 digits instead of 6, for 24 hours."),
    "instance_siege": _("Everybody but a recognised browser has to type 8 digits instead of 6."),
    "instance_emails": _("Protects your standing with mail providers. People who were here before get theirs."),
    "identifier_notes": _("0: none is ever sent. Nobody is told."),
    "instance_notes": _("0: none is ever sent. Nobody is told."),
    "sms_prefix": _(
        "Whoever owns a range of numbers earns with it. Who asks for more waits for an SMS that does not come."
    ),
    "sms_prefix_day": _("The same, over a day."),
    "sms_country": _("Nobody new in this country gets an SMS then, until the hour is over."),
    "sms_pause": _("0: no country is paused by itself. A pause ends as soon as enough codes are typed."),
    "sms_pause_from": _("Fewer say nothing about a country."),
    "sms_instance": _("Then nobody new gets an SMS, until the hour is over. Email goes on."),
    "sms_instance_day": _("The same, over a day."),
    "sms_proven": _("People with an account get an SMS, whatever strangers have used up."),
    "sms_proven_day": _("The same, over a day."),
}


class LimitsForm(forms.ModelForm):
    """The limits as fields of their own: what is saved is what differs from the defaults."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial = {**self.initial, **values(self.instance)}

    def clean(self) -> dict[str, Any]:
        """Put the table together, but for what is wrong at its own field."""
        given = super().clean() or self.cleaned_data
        offered = [name for name in LIMITS if NUMBER.format(name) in self.fields]
        if offered:
            numbers = {name: given.get(NUMBER.format(name), self.instance.limit(name)) for name in offered}
            self.instance.limits = {name: n for name, n in numbers.items() if n != LIMITS[name].default}
            self.instance.tracked_only = [name for name in offered if given.get(BOX.format(name))]
        return given


def build() -> type[LimitsForm]:
    """Return the form with its fields, two for each limit."""
    fields: dict[str, forms.Field] = {}
    for name, limit in LIMITS.items():
        fields[NUMBER.format(name)] = _number(limit)
        fields[BOX.format(name)] = forms.BooleanField(label=_("count only"), required=False)
    return type("SettingsForm", (LimitsForm,), fields)


def rows() -> list[tuple[str, str]]:
    """Return the names of the fields, a line for each limit."""
    return [(NUMBER.format(name), BOX.format(name)) for name in LIMITS]


def values(settings: InstanceSettings) -> dict[str, Any]:
    """Return what the fields show."""
    numbers = {NUMBER.format(name): settings.limit(name) for name in LIMITS}
    return numbers | {BOX.format(name): name in settings.tracked_only for name in LIMITS}


def _number(limit: Limit) -> forms.IntegerField:
    told = {"range": f"{limit.low:,}–{limit.high:,}", "default": f"{limit.default:,}"}
    notice = HELP.get(limit.name, "")
    return forms.IntegerField(
        label=limit.label,
        min_value=limit.low,
        max_value=limit.high,
        help_text=format_lazy("{} {}", notice, _("From %(range)s; default: %(default)s.") % told),
    )
