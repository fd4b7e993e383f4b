"""How often anything may happen. `LIMITS` is the only description of the limits.

The admin's form is made from it, and the table in docs/instance-settings.md is compared with it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.instance_settings.frozen import Freezable, derived

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

MINUTES, HOUR, DAY = 600, 3600, 86_400  # seconds


@dataclass(frozen=True, kw_only=True)
class Limit:
    """A number that an operator may set from `low` to `high`, counted over `seconds`."""

    name: str  # public: operators set it in code, logs and signals name it
    label: "_StrPromise"
    default: int
    low: int
    high: int
    seconds: int
    help: "_StrPromise"  # what a visitor notices


_TABLE = [
    # Messages to one email address or phone number.
    Limit(
        name="identifier_messages",
        label=_("Messages to one identifier per hour"),
        default=5,
        low=2,
        high=30,
        seconds=HOUR,
        help=_(
            "Anybody who asks for more is told how long to wait. A stranger can make the owner wait "
            "in a browser in which they have not signed in before."
        ),
    ),
    Limit(
        name="identifier_ip_messages",
        label=_("Messages to one identifier from one IP address per hour"),
        default=3,
        low=1,
        high=30,
        seconds=HOUR,
        help=_(
            "Keeps one stranger from using up the limit above. Anybody who asks for more is told how "
            "long to wait."
        ),
    ),
    Limit(
        name="identifier_emails",
        label=_("Emails to one address per day"),
        default=20,
        low=5,
        high=200,
        seconds=DAY,
        help=_("Anybody who asks for more is told how long to wait."),
    ),
    Limit(
        name="identifier_sms",
        label=_("SMS to one number per day"),
        default=10,
        low=3,
        high=100,
        seconds=DAY,
        help=_("Anybody who asks for more is told how long to wait."),
    ),
    Limit(
        name="mailbox_messages",
        label=_("Emails to one mailbox per hour, with or without a +tag"),
        default=10,
        low=2,
        high=100,
        seconds=HOUR,
        help=_(
            "jane+shop@example.com and jane+work@example.com count as one mailbox. Anybody who asks "
            "for more is told how long to wait."
        ),
    ),
    Limit(
        name="recognised_messages",
        label=_("Messages for a recognised browser per hour"),
        default=5,
        low=2,
        high=30,
        seconds=HOUR,
        help=_("For people in a browser in which they have signed in before. Strangers can't use this up."),
    ),
    # From one IP address: IPv4, or an IPv6 /64.
    Limit(
        name="ip_flows",
        label=_("Sign-ins and sign-ups from one IP address in 10 minutes"),
        default=60,
        low=5,
        high=100_000,
        seconds=MINUTES,
        help=_(
            "An office or a school may share one address. A sign-in that succeeds does not count. "
            "Anybody who starts more is told how long to wait."
        ),
    ),
    Limit(
        name="ip_messages",
        label=_("Messages asked for from one IP address in 10 minutes"),
        default=60,
        low=5,
        high=100_000,
        seconds=MINUTES,
        help=_(
            "An office or a school may share one address. A sign-in that succeeds does not count. "
            "Anybody who asks for more is told how long to wait."
        ),
    ),
    Limit(
        name="ip_sms",
        label=_("SMS asked for from one IP address per hour"),
        default=10,
        low=1,
        high=100_000,
        seconds=HOUR,
        help=_(
            "Each SMS costs you money. A sign-in that succeeds does not count. Anybody who asks for "
            "more is told how long to wait."
        ),
    ),
    Limit(
        name="ip_failures",
        label=_("Wrong codes from one IP address per hour"),
        default=50,
        low=5,
        high=100_000,
        seconds=HOUR,
        help=_(
            "Then every code from this address is refused, even a right one. Visitors are told how "
            "long to wait and lose no try."
        ),
    ),
    # Wrong codes. These limits refuse nobody: codes get longer.
    Limit(
        name="identifier_failures",
        label=_("Wrong codes for one identifier per day before codes have 8 digits"),
        default=10,
        low=3,
        high=50,
        seconds=DAY,
        help=_(
            "For 7 days, codes for this identifier have 8 digits instead of 6. A recognised browser "
            "has a count of its own."
        ),
    ),
    Limit(
        name="identifier_failures_per_day",
        label=_("Wrong codes for one identifier per day before codes have 13 letters and digits"),
        default=20,
        low=5,
        high=100,
        seconds=DAY,
        help=_("Nobody can guess such a code. A recognised browser has a count of its own."),
    ),
    Limit(
        name="identifier_failures_per_month",
        label=_("Wrong codes for one identifier in 30 days before codes have 13 letters and digits"),
        default=100,
        low=10,
        high=1_000,
        seconds=30 * DAY,
        help=_("Stops slow guessing over many days. Every successful sign-in sets the count back to zero."),
    ),
    Limit(
        name="instance_failures",
        label=_("Wrong codes on the whole site per hour before codes have 8 digits"),
        default=200,
        low=20,
        high=1_000_000,
        seconds=HOUR,
        help=_("For 24 hours, codes have 8 digits instead of 6, except in a recognised browser."),
    ),
    Limit(
        name="instance_failures_per_day",
        label=_("Wrong codes on the whole site per day before codes have 8 digits"),
        default=1_000,
        low=50,
        high=10_000_000,
        seconds=DAY,
        help=_("Codes have 8 digits instead of 6, except in a recognised browser."),
    ),
    # Emails of the whole site.
    Limit(
        name="instance_emails",
        label=_("Emails for unrecognised browsers on the whole site per hour"),
        default=2_000,
        low=10,
        high=10_000_000,
        seconds=HOUR,
        help=_(
            "Protects your reputation with mail providers. Visitors in a new browser are told how "
            "long to wait; people in a recognised browser still get their codes."
        ),
    ),
    Limit(
        name="identifier_unknown_account",
        label=_("Messages about an unknown account to one address per day"),
        default=1,
        low=0,
        high=10,
        seconds=DAY,
        help=_("0: no such message is sent. Visitors are not told."),
    ),
    Limit(
        name="instance_unknown_account",
        label=_("Messages about unknown accounts on the whole site per hour"),
        default=200,
        low=0,
        high=1_000_000,
        seconds=HOUR,
        help=_("0: no such message is sent. Visitors are not told."),
    ),
    # SMS that may be asked for to earn from them: by number range and country.
    Limit(
        name="sms_prefix",
        label=_("SMS to one number range per hour"),
        default=5,
        low=1,
        high=100_000,
        seconds=HOUR,
        help=_(
            "A range is all numbers that differ in their last 4 digits only. Visitors are not told: "
            "they wait for an SMS that is not sent."
        ),
    ),
    Limit(
        name="sms_prefix_per_day",
        label=_("SMS to one number range per day"),
        default=20,
        low=1,
        high=1_000_000,
        seconds=DAY,
        help=_("Visitors are not told: they wait for an SMS that is not sent."),
    ),
    Limit(
        name="sms_country",
        label=_("SMS to one country per hour whose codes are not used"),
        default=100,
        low=1,
        high=1_000_000,
        seconds=HOUR,
        help=_("Unverified numbers of this country get no SMS until the hour is over. Visitors are not told."),
    ),
    Limit(
        name="sms_conversion",
        label=_("Pause a country when fewer than this percentage of its codes are used"),
        default=20,
        low=0,
        high=90,
        seconds=HOUR,
        help=_(
            "Unverified numbers of this country get no SMS until enough codes are used or the hour is"
            " over. Visitors are not told. 0: no country is paused."
        ),
    ),
    Limit(
        name="sms_conversion_sample",
        label=_("SMS to a country per hour before its percentage counts"),
        default=30,
        low=5,
        high=1_000_000,
        seconds=HOUR,
        help=_("With fewer SMS, the country is not paused."),
    ),
    # SMS of the whole site.
    Limit(
        name="sms_instance",
        label=_("SMS to unverified numbers on the whole site per hour"),
        default=100,
        low=0,
        high=1_000_000,
        seconds=HOUR,
        help=_(
            "Unverified numbers get no SMS until the hour is over, and visitors are not told. Email "
            "codes still go out."
        ),
    ),
    Limit(
        name="sms_instance_per_day",
        label=_("SMS to unverified numbers on the whole site per day"),
        default=500,
        low=0,
        high=10_000_000,
        seconds=DAY,
        help=_(
            "Unverified numbers get no SMS until the day is over, and visitors are not told. Email "
            "codes still go out."
        ),
    ),
    Limit(
        name="sms_proven",
        label=_("SMS to verified numbers on the whole site per hour"),
        default=1_000,
        low=10,
        high=10_000_000,
        seconds=HOUR,
        help=_(
            "People with an account get no SMS until the hour is over, and are not told. Strangers "
            "can't use this up."
        ),
    ),
    Limit(
        name="sms_proven_per_day",
        label=_("SMS to verified numbers on the whole site per day"),
        default=5_000,
        low=50,
        high=100_000_000,
        seconds=DAY,
        help=_(
            "People with an account get no SMS until the day is over, and are not told. Strangers "
            "can't use this up."
        ),
    ),
]
LIMITS = {limit.name: limit for limit in _TABLE}


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
