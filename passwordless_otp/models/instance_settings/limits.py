"""How often anything may happen. `LIMITS` is the only description of the limits.

The admin's form is made from it, and the table in docs/instance-settings.md is compared with it.
"""

from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.instance_settings.frozen import Freezable, derived

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TEN_MINUTES, HOUR, DAY = 600, 3600, 86_400  # seconds


class Limit(NamedTuple):
    """A number that an operator may set from `low` to `high`, counted over `seconds`."""

    default: int
    low: int
    high: int
    seconds: int
    label: "_StrPromise"
    help: "_StrPromise"  # what a visitor notices


# Name → limit. Names are public: operators set them in code, logs and signals name them.
# fmt: off
LIMITS = {
    # Messages to one email address or phone number.
    "identifier_messages": Limit(5, 2, 30, HOUR,
        _("Messages to one identifier per hour"),
        _("Anybody who asks for more is told how long to wait. A stranger can make the owner wait in a browser "
          "in which they have not signed in before.")),
    "identifier_ip_messages": Limit(3, 1, 30, HOUR,
        _("Messages to one identifier from one IP address per hour"),
        _("Keeps one stranger from using up the limit above. Anybody who asks for more is told how long to "
          "wait.")),
    "identifier_emails": Limit(20, 5, 200, DAY,
        _("Emails to one address per day"),
        _("Anybody who asks for more is told how long to wait.")),
    "identifier_sms": Limit(10, 3, 100, DAY,
        _("SMS to one number per day"),
        _("Anybody who asks for more is told how long to wait.")),
    "mailbox_messages": Limit(10, 2, 100, HOUR,
        _("Emails to one mailbox per hour, with or without a +tag"),
        _("jane+shop@example.com and jane+work@example.com count as one mailbox. Anybody who asks for more is "
          "told how long to wait.")),
    "recognised_messages": Limit(5, 2, 30, HOUR,
        _("Messages for a recognised browser per hour"),
        _("For people in a browser in which they have signed in before. Strangers can't use this up.")),
    # From one IP address: IPv4, or an IPv6 /64.
    "ip_flows": Limit(60, 5, 100_000, TEN_MINUTES,
        _("Sign-ins and sign-ups from one IP address in 10 minutes"),
        _("An office or a school may share one address. A sign-in that succeeds does not count. Anybody who "
          "starts more is told how long to wait.")),
    "ip_messages": Limit(60, 5, 100_000, TEN_MINUTES,
        _("Messages asked for from one IP address in 10 minutes"),
        _("An office or a school may share one address. A sign-in that succeeds does not count. Anybody who asks "
          "for more is told how long to wait.")),
    "ip_sms": Limit(10, 1, 100_000, HOUR,
        _("SMS asked for from one IP address per hour"),
        _("Each SMS costs you money. A sign-in that succeeds does not count. Anybody who asks for more is told "
          "how long to wait.")),
    "ip_failures": Limit(50, 5, 100_000, HOUR,
        _("Wrong codes from one IP address per hour"),
        _("Then every code from this address is refused, even a right one. Visitors are told how long to wait "
          "and lose no try.")),
    # Wrong codes. These limits refuse nobody: codes get longer.
    "identifier_failures": Limit(10, 3, 50, DAY,
        _("Wrong codes for one identifier per day before codes have 8 digits"),
        _("For 7 days, codes for this identifier have 8 digits instead of 6. A recognised browser has a count of "
          "its own.")),
    "identifier_failures_per_day": Limit(20, 5, 100, DAY,
        _("Wrong codes for one identifier per day before codes have 13 letters and digits"),
        _("Nobody can guess such a code. A recognised browser has a count of its own.")),
    "identifier_failures_per_month": Limit(100, 10, 1_000, 30 * DAY,
        _("Wrong codes for one identifier in 30 days before codes have 13 letters and digits"),
        _("Stops slow guessing over many days. Every successful sign-in sets the count back to zero.")),
    "instance_failures": Limit(200, 20, 1_000_000, HOUR,
        _("Wrong codes on the whole site per hour before codes have 8 digits"),
        _("For 24 hours, codes have 8 digits instead of 6, except in a recognised browser.")),
    "instance_failures_per_day": Limit(1_000, 50, 10_000_000, DAY,
        _("Wrong codes on the whole site per day before codes have 8 digits"),
        _("Codes have 8 digits instead of 6, except in a recognised browser.")),
    # Emails of the whole site.
    "instance_emails": Limit(2_000, 10, 10_000_000, HOUR,
        _("Emails for unrecognised browsers on the whole site per hour"),
        _("Protects your reputation with mail providers. Visitors in a new browser are told how long to wait; "
          "people in a recognised browser still get their codes.")),
    "identifier_unknown_account": Limit(1, 0, 10, DAY,
        _("Messages about an unknown account to one address per day"),
        _("0: no such message is sent. Visitors are not told.")),
    "instance_unknown_account": Limit(200, 0, 1_000_000, HOUR,
        _("Messages about unknown accounts on the whole site per hour"),
        _("0: no such message is sent. Visitors are not told.")),
    # SMS that may be asked for to earn from them: by number range and country.
    "sms_prefix": Limit(5, 1, 100_000, HOUR,
        _("SMS to one number range per hour"),
        _("A range is all numbers that differ in their last 4 digits only. Visitors are not told: they wait for "
          "an SMS that is not sent.")),
    "sms_prefix_per_day": Limit(20, 1, 1_000_000, DAY,
        _("SMS to one number range per day"),
        _("Visitors are not told: they wait for an SMS that is not sent.")),
    "sms_country": Limit(100, 1, 1_000_000, HOUR,
        _("SMS to one country per hour whose codes are not used"),
        _("Unverified numbers of this country get no SMS until the hour is over. Visitors are not told.")),
    "sms_conversion": Limit(20, 0, 90, HOUR,
        _("Pause a country when fewer than this percentage of its codes are used"),
        _("Unverified numbers of this country get no SMS until enough codes are used or the hour is over. "
          "Visitors are not told. 0: no country is paused.")),
    "sms_conversion_sample": Limit(30, 5, 1_000_000, HOUR,
        _("SMS to a country per hour before its percentage counts"),
        _("With fewer SMS, the country is not paused.")),
    # SMS of the whole site.
    "sms_instance": Limit(100, 0, 1_000_000, HOUR,
        _("SMS to unverified numbers on the whole site per hour"),
        _("Unverified numbers get no SMS until the hour is over, and visitors are not told. Email codes still go "
          "out.")),
    "sms_instance_per_day": Limit(500, 0, 10_000_000, DAY,
        _("SMS to unverified numbers on the whole site per day"),
        _("Unverified numbers get no SMS until the day is over, and visitors are not told. Email codes still go "
          "out.")),
    "sms_proven": Limit(1_000, 10, 10_000_000, HOUR,
        _("SMS to verified numbers on the whole site per hour"),
        _("People with an account get no SMS until the hour is over, and are not told. Strangers can't use this "
          "up.")),
    "sms_proven_per_day": Limit(5_000, 50, 100_000_000, DAY,
        _("SMS to verified numbers on the whole site per day"),
        _("People with an account get no SMS until the day is over, and are not told. Strangers can't use this "
          "up.")),
}
# fmt: on


class LimitSettings(Freezable):
    """The limits that differ from their defaults, and those that are only counted."""

    limits = models.JSONField(_("limits"), default=dict, blank=True)
    tracked_only = models.JSONField(_("count only"), default=list, blank=True)

    class Meta:
        abstract = True

    @derived
    def numbers(self) -> dict[str, int]:
        """The number of each limit."""
        return {name: self.limit(name) for name in LIMITS}

    def limit(self, name: str) -> int:
        """Return the number in use for this limit. Raises `KeyError` if there is no such limit."""
        number: int = self.limits.get(name, LIMITS[name].default)
        return number


def validate(settings: LimitSettings) -> None:
    """Raise `ValidationError` for unknown limits and for numbers out of range."""
    if not isinstance(settings.limits, dict):
        raise ValidationError({"limits": _("Give a dictionary of limits and numbers.")})
    if not isinstance(settings.tracked_only, list):
        raise ValidationError({"tracked_only": _("Give a list of limits.")})
    for field, given in {"limits": settings.limits, "tracked_only": settings.tracked_only}.items():
        unknown = [str(name) for name in given if str(name) not in LIMITS]
        if unknown:
            sentence = _("Remove what is not the name of a limit: %s.")
            raise ValidationError({field: sentence % ", ".join(unknown)})
    for name, number in settings.limits.items():
        limit = LIMITS[name]
        if type(number) is not int or not limit.low <= number <= limit.high:
            told = {"limit": limit.label, "low": limit.low, "high": limit.high}
            sentence = _("%(limit)s: enter a number from %(low)s to %(high)s.")
            raise ValidationError({"limits": sentence % told})
