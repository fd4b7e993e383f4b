"""How often anything may happen: the operator's numbers."""

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.instance_settings.frozen import Freezable, derived

MINUTES, HOUR, DAY = 600, 3600, 86_400  # seconds


@dataclass(frozen=True)
class Limit:
    """One limit: what an operator may set, within which range, for how many seconds."""

    name: str
    label: Any
    default: int
    low: int
    high: int
    seconds: int


# Of all that is counted by an address, `ip` is an IPv4 address or an IPv6 /64.
LIMITS = {
    limit.name: limit
    for limit in [
        Limit("identifier_messages", _("Messages to one identifier, an hour"), 5, 2, 30, HOUR),
        Limit("identifier_ip_messages", _("… of these, for one IP address"), 3, 1, 30, HOUR),
        Limit("identifier_emails", _("Emails to one address, a day"), 20, 5, 200, DAY),
        Limit("identifier_sms", _("SMS to one number, a day"), 10, 3, 100, DAY),
        Limit("mailbox_messages", _("Emails to one mailbox, with any +tag, an hour"), 10, 2, 100, HOUR),
        Limit("recognised_messages", _("Messages for a recognised browser, an hour"), 5, 2, 30, HOUR),
        Limit("ip_flows", _("Flows begun from one IP address, in 10 minutes"), 60, 5, 100_000, MINUTES),
        Limit("ip_messages", _("Messages for one IP address, in 10 minutes"), 60, 5, 100_000, MINUTES),
        Limit("ip_sms", _("SMS for one IP address, an hour"), 10, 1, 100_000, HOUR),
        Limit("ip_failures", _("Wrong codes from one IP address, an hour"), 50, 5, 100_000, HOUR),
        Limit("identifier_failures", _("Wrong codes for one identifier, a day, then 8 digits"), 10, 3, 50, DAY),
        Limit(
            "identifier_failures_per_day",
            _("Wrong codes for one identifier, a day, then 13 letters"),
            20,
            5,
            100,
            DAY,
        ),
        Limit(
            "identifier_failures_per_month",
            _("… since it last signed in, then 13 letters"),
            100,
            10,
            1000,
            180 * DAY,
        ),
        Limit("instance_failures", _("Wrong codes in all, an hour, then 8 digits"), 200, 20, 1_000_000, HOUR),
        Limit(
            "instance_failures_per_day", _("Wrong codes in all, a day, then 8 digits"), 1000, 50, 10_000_000, DAY
        ),
        Limit("instance_emails", _("Emails for browsers not recognised, an hour"), 2000, 10, 10_000_000, HOUR),
        Limit("identifier_unknown_account", _("“No account here” notes to one address, a day"), 1, 0, 10, DAY),
        Limit("instance_unknown_account", _("“No account here” notes in all, an hour"), 200, 0, 1_000_000, HOUR),
        Limit("sms_prefix", _("SMS to one prefix (all but the last 4 digits), an hour"), 5, 1, 100_000, HOUR),
        Limit("sms_prefix_per_day", _("SMS to one prefix, a day"), 20, 1, 1_000_000, DAY),
        Limit("sms_country", _("SMS to one country whose codes nobody typed, an hour"), 100, 1, 1_000_000, HOUR),
        Limit(
            "sms_conversion",
            _("Codes that have to be typed, in percent, or a country is paused"),
            20,
            0,
            90,
            HOUR,
        ),
        Limit("sms_conversion_sample", _("… of at least so many SMS to it, an hour"), 30, 5, 1_000_000, HOUR),
        Limit("sms_instance", _("SMS to unverified numbers in all, an hour"), 100, 0, 1_000_000, HOUR),
        Limit("sms_instance_per_day", _("SMS to unverified numbers in all, a day"), 500, 0, 10_000_000, DAY),
        Limit("sms_proven", _("SMS to verified numbers in all, an hour"), 1000, 10, 10_000_000, HOUR),
        Limit("sms_proven_per_day", _("SMS to verified numbers in all, a day"), 5000, 50, 100_000_000, DAY),
    ]
}


class LimitSettings(Freezable):
    """The limits. What is not among `limits` has its default."""

    limits = models.JSONField(_("limits"), default=dict, blank=True)
    tracked_only = models.JSONField(
        _("count only"),
        default=list,
        blank=True,
    )

    class Meta:
        abstract = True

    @derived
    def numbers(self) -> dict[str, int]:
        """The number of each limit."""
        return {name: self.limit(name) for name in LIMITS}

    def limit(self, name: str) -> int:
        """Return the number of this limit. Raises `KeyError` for a name that is none."""
        number: int = self.limits.get(name, LIMITS[name].default)
        return number


def validate(settings: Any) -> None:
    """Refuse what is no limit or out of its range. Raises `ValidationError`."""
    if not isinstance(settings.limits, dict) or set(settings.limits) - set(LIMITS):
        raise ValidationError({"limits": _("These are no limits of ours.")})
    if not isinstance(settings.tracked_only, list) or set(settings.tracked_only) - set(LIMITS):
        raise ValidationError({"tracked_only": _("These are no limits of ours.")})
    for name, number in settings.limits.items():
        limit = LIMITS[name]
        if type(number) is not int or not limit.low <= number <= limit.high:
            told = {"limit": limit.label, "low": limit.low, "high": limit.high}
            raise ValidationError({"limits": _("%(limit)s: from %(low)s to %(high)s.") % told})
