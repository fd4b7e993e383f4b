"""How often anything may happen. `LIMITS` is the only description of the limits.

The admin's form is made from it, and the table in docs/instance-settings.md is compared with it.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.instance_settings.frozen import Freezable, derived

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

TEN_MINUTES, HOUR, DAY = 600, 3600, 86_400  # seconds


class Effect(StrEnum):
    """What follows once a limit is reached."""

    REFUSES = "refuses"  # 429: the visitor is told how long to wait
    SUPPRESSES = "suppresses"  # the worker sends no message, and nobody is told
    LENGTHENS = "lengthens"  # codes get longer
    COMPARED = "compared"  # nothing by itself: the conversion breaker compares with it


class Refund(StrEnum):
    """When something counts for nothing after all, besides a step that has failed before it did anything."""

    NEVER = "never"
    BY_PROOF = "proof"  # once a code of its verification was right
    BY_SIGN_IN = "sign_in"  # once somebody has signed in who had an account


class Limit(NamedTuple):
    """A number that an operator may set from `low` to `high`, counted over `seconds`.

    Where it is `shared`, no single source takes more than its share (`rate_limits.rules.with_shares`).
    """

    default: int
    low: int
    high: int
    seconds: int
    label: "_StrPromise"
    help: "_StrPromise"  # what a visitor notices
    effect: Effect = Effect.REFUSES
    shared: bool = False
    refund: Refund = Refund.NEVER


SUPPRESSES, LENGTHENS, COMPARED = Effect.SUPPRESSES, Effect.LENGTHENS, Effect.COMPARED

# Name → limit. Names are public: operators set them in code, logs and signals name them.
# fmt: off
LIMITS = {
    # Messages to one email address or phone number, asked for in browsers that are not recognised.
    "identifier_emails": Limit(9, 3, 100, HOUR,
        _("Emails to one address per hour"),
        _("Anybody who asks for more is told how long to wait. One IP address can use up a third of it."),
        shared=True),
    "identifier_emails_per_day": Limit(30, 6, 500, DAY,
        _("Emails to one address per day"),
        _("Anybody who asks for more is told how long to wait. One IP address can use up a third of it."),
        shared=True, refund=Refund.BY_SIGN_IN),
    "identifier_sms": Limit(9, 3, 100, HOUR,
        _("SMS to one number per hour"),
        _("Anybody who asks for more is told how long to wait. One IP address can use up a third of it."),
        shared=True),
    "identifier_sms_per_day": Limit(15, 3, 200, DAY,
        _("SMS to one number per day"),
        _("Anybody who asks for more is told how long to wait. One IP address can use up a third of it."),
        shared=True),
    "mailbox_emails": Limit(9, 3, 100, HOUR,
        _("Emails to one mailbox per hour, at other spellings of its address"),
        _("jane+shop@example.com and jane+work@example.com are one mailbox, as are the spellings of an address "
          "at Gmail with and without dots. The plain address has a count of its own. Anybody who asks for more "
          "is told how long to wait."),
        shared=True),
    "mailbox_emails_per_day": Limit(30, 6, 500, DAY,
        _("Emails to one mailbox per day, at other spellings of its address"),
        _("Anybody who asks for more is told how long to wait."),
        shared=True, refund=Refund.BY_SIGN_IN),
    # … in a recognised browser, or one that was unlocked by a link.
    "recognised_emails": Limit(5, 2, 100, HOUR,
        _("Emails for a recognised browser per hour"),
        _("For people in a browser in which they have signed in before. Strangers can't use this up.")),
    "recognised_emails_per_day": Limit(20, 2, 500, DAY,
        _("Emails for a recognised browser per day"),
        _("For people in a browser in which they have signed in before. Strangers can't use this up."),
        refund=Refund.BY_SIGN_IN),
    "recognised_sms": Limit(5, 2, 100, HOUR,
        _("SMS for a recognised browser per hour"),
        _("For people in a browser in which they have signed in before. Strangers can't use this up.")),
    "recognised_sms_per_day": Limit(10, 2, 200, DAY,
        _("SMS for a recognised browser per day"),
        _("For people in a browser in which they have signed in before. Strangers can't use this up.")),
    "unlocked_messages": Limit(5, 2, 100, HOUR,
        _("Messages per hour after an unlock link"),
        _("For people who have opened the link in an email that says how to sign in although a limit is reached. "
          "Strangers can't use this up.")),
    "number_sms_per_day": Limit(20, 3, 500, DAY,
        _("SMS to one number per day, whoever asks"),
        _("Anybody who asks for more is told how long to wait, also in a recognised browser. Each SMS costs you "
          "money.")),
    "unlock_emails": Limit(1, 0, 10, DAY,
        _("Emails with an unlock link to one address per day, beyond every other limit"),
        _("Somebody who is told to wait finds a link in their mailbox that lets them go on. 0: no such email is "
          "sent.")),
    # From one IP address: IPv4, or an IPv6 /64. A recognised or unlocked browser counts for itself.
    "ip_steps": Limit(600, 60, 1_000_000, TEN_MINUTES,
        _("Steps from one IP address in 10 minutes that nothing else counts"),
        _("Codes that can't be right, changes of a sign-up, requests that are refused. Anybody who takes more "
          "is told how long to wait.")),
    "ip_flows": Limit(60, 5, 100_000, TEN_MINUTES,
        _("Sign-ins and sign-ups from one IP address in 10 minutes"),
        _("An office or a school may share one address. A sign-in that succeeds does not count. Anybody who "
          "starts more is told how long to wait."),
        refund=Refund.BY_SIGN_IN),
    "ip_emails": Limit(60, 5, 100_000, TEN_MINUTES,
        _("Emails asked for from one IP address in 10 minutes"),
        _("An office or a school may share one address. Those of a sign-in that succeeds do not count. "
          "Anybody who asks for more is told how long to wait."),
        refund=Refund.BY_SIGN_IN),
    "ip_sms": Limit(10, 1, 100_000, HOUR,
        _("SMS asked for from one IP address per hour"),
        _("Each SMS costs you money, so a sign-in that succeeds counts as well. Anybody who asks for more is "
          "told how long to wait.")),
    "ip_failures": Limit(50, 5, 100_000, HOUR,
        _("Wrong codes from one IP address per hour"),
        _("Then every code from this address is refused, even a right one. Visitors are told how long to wait "
          "and lose no try."),
        refund=Refund.BY_PROOF),
    "ip_sign_ups": Limit(30, 1, 100_000, HOUR,
        _("New accounts from one IP address per hour"),
        _("An office or a school may share one address: list it as a trusted network before many people sign up "
          "there. Visitors are told how long to wait.")),
    "ip_sign_ups_per_day": Limit(200, 1, 1_000_000, DAY,
        _("New accounts from one IP address per day"),
        _("Visitors are told how long to wait.")),
    # Wrong codes. These limits refuse nobody: codes get longer.
    "identifier_failures": Limit(10, 3, 50, DAY,
        _("Wrong codes for one identifier per day before codes have 8 digits"),
        _("For 7 days, codes for this identifier have 8 digits instead of 6. A recognised browser has a count of "
          "its own."),
        LENGTHENS, refund=Refund.BY_PROOF),
    "identifier_failures_per_day": Limit(20, 5, 100, DAY,
        _("Wrong codes for one identifier per day before codes have 13 letters and digits"),
        _("Nobody can guess such a code. A recognised browser has a count of its own."),
        LENGTHENS, refund=Refund.BY_PROOF),
    "identifier_failures_per_month": Limit(100, 10, 1_000, 30 * DAY,
        _("Wrong codes for one identifier in 30 days before codes have 13 letters and digits"),
        _("Stops slow guessing over many days. A recognised browser has a count of its own."),
        LENGTHENS, refund=Refund.BY_PROOF),
    "instance_failures": Limit(200, 20, 1_000_000, HOUR,
        _("Wrong codes on the whole site per hour before codes have 8 digits"),
        _("For 24 hours, codes have 8 digits instead of 6, except in a recognised browser. From one IP address, "
          "no code is taken after a third of this number."),
        LENGTHENS, shared=True, refund=Refund.BY_PROOF),
    "instance_failures_per_day": Limit(1_000, 50, 10_000_000, DAY,
        _("Wrong codes on the whole site per day before codes have 8 digits"),
        _("Codes have 8 digits instead of 6, except in a recognised browser. From one IP address, no code is "
          "taken after a third of this number."),
        LENGTHENS, shared=True, refund=Refund.BY_PROOF),
    # Emails of the whole site.
    "emails_unproven": Limit(2_000, 10, 10_000_000, HOUR,
        _("Emails to unverified addresses on the whole site per hour"),
        _("Protects your reputation with mail providers. New visitors get no email until the hour is over, and "
          "are not told. One IP address can use up a third of it."),
        SUPPRESSES, shared=True),
    "emails_proven": Limit(10_000, 50, 100_000_000, HOUR,
        _("Emails to verified addresses on the whole site per hour"),
        _("People with an account get no email until the hour is over, and are not told. Recognised browsers "
          "have a count of their own, and strangers' addresses do not count here."),
        SUPPRESSES, shared=True),
    "instance_unlock_emails": Limit(200, 0, 1_000_000, HOUR,
        _("Emails with an unlock link on the whole site per hour, beyond every other limit"),
        _("Counted apart for verified and unverified addresses. Visitors are not told. One IP address can use up "
          "a third of it."),
        SUPPRESSES, shared=True),
    "identifier_unknown_account": Limit(1, 0, 10, DAY,
        _("Messages about an unknown account to one address per day"),
        _("0: no such message is sent. Visitors are not told."),
        SUPPRESSES),
    "instance_unknown_account": Limit(200, 0, 1_000_000, HOUR,
        _("Messages about unknown accounts on the whole site per hour"),
        _("0: no such message is sent. Visitors are not told. One IP address can use up a third of it."),
        SUPPRESSES, shared=True),
    # SMS that may be asked for to earn from them: by number range and country.
    "sms_prefix": Limit(6, 1, 100_000, HOUR,
        _("SMS to one number range per hour"),
        _("A range is all numbers that differ in their last 4 digits only. Visitors are not told: they wait for "
          "an SMS that is not sent."),
        SUPPRESSES, shared=True),
    "sms_prefix_per_day": Limit(20, 1, 1_000_000, DAY,
        _("SMS to one number range per day"),
        _("Visitors are not told: they wait for an SMS that is not sent."),
        SUPPRESSES, shared=True),
    "sms_country": Limit(100, 1, 1_000_000, HOUR,
        _("SMS to one country per hour whose codes are not used"),
        _("Unverified numbers of this country get no SMS until the hour is over. Visitors are not told."),
        SUPPRESSES, shared=True),
    "sms_conversion": Limit(20, 0, 90, HOUR,
        _("Pause a country when fewer than this percentage of its codes are used"),
        _("Unverified numbers of this country get no SMS until enough codes are used or the hour is over. "
          "Visitors are not told. 0: no country is paused."),
        COMPARED),
    "sms_conversion_sample": Limit(30, 5, 1_000_000, HOUR,
        _("SMS to a country per hour before its percentage counts"),
        _("With fewer SMS, the country is not paused."),
        COMPARED),
    # SMS of the whole site.
    "sms_instance": Limit(100, 0, 1_000_000, HOUR,
        _("SMS to unverified numbers on the whole site per hour"),
        _("Unverified numbers get no SMS until the hour is over, and visitors are not told. Email codes still go "
          "out."),
        SUPPRESSES, shared=True),
    "sms_instance_per_day": Limit(500, 0, 10_000_000, DAY,
        _("SMS to unverified numbers on the whole site per day"),
        _("Unverified numbers get no SMS until the day is over, and visitors are not told. Email codes still go "
          "out."),
        SUPPRESSES, shared=True),
    "sms_proven": Limit(1_000, 10, 10_000_000, HOUR,
        _("SMS to verified numbers on the whole site per hour"),
        _("People with an account get no SMS until the hour is over, and are not told. Recognised browsers "
          "have a count of their own, and strangers' numbers do not count here."),
        SUPPRESSES, shared=True),
    "sms_proven_per_day": Limit(5_000, 50, 100_000_000, DAY,
        _("SMS to verified numbers on the whole site per day"),
        _("People with an account get no SMS until the day is over, and are not told. Recognised browsers have a "
          "count of their own, and strangers' numbers do not count here."),
        SUPPRESSES, shared=True),
}
# fmt: on
# What operators look at first; the admin folds up the others.
FIRST = [
    "identifier_emails",
    "identifier_sms",
    "ip_flows",
    "ip_sms",
    "ip_failures",
    "ip_sign_ups",
    "emails_unproven",
    "sms_instance",
]


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
