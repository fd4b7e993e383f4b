"""Sentences about delivery and SMS: what is wrong now, and what the operator can do."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from passwordless_otp.admin import countries
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging import suppression
from passwordless_otp.models import InstanceSettings, Message, ProviderHealth
from passwordless_otp.models.base import SKEW
from passwordless_otp.models.instance_settings.limits import LIMITS
from passwordless_otp.models.messages import MessageStatus
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Bucket

WARN_AT = 80  # percent of a limit or budget


def sms_warnings(settings: InstanceSettings) -> list[str]:
    """Return a sentence for each paused country, and for each limit and budget that is (nearly) used up."""
    if not settings.offers(Kind.PHONE_NUMBER):
        return []
    return [*_pause_warnings(settings), *_usage_warnings(settings)]


def _pause_warnings(settings: InstanceSettings) -> Iterator[str]:
    by_operator = ", ".join(sorted(countries.name(region) for region in settings.sms_paused))
    if by_operator:
        sentence = _("You have paused SMS to unverified numbers in these countries: %(countries)s.")
        yield sentence % {"countries": by_operator}
    sentence = _(
        "%(country)s: SMS to unverified numbers are paused. Of %(sent)d codes sent there in the last hour, "
        "%(verified)d were used. The pause ends when more codes are used, or within an hour. To end it now, "
        "add the country to “Countries never paused automatically”."
    )
    for region, conversion in sorted(suppression.paused_countries(settings).items()):
        yield sentence % {"country": countries.name(region), **conversion._asdict()}


def _usage_warnings(settings: InstanceSettings) -> Iterator[str]:
    sentence = _("%(percent)d %% used: %(limit)s (%(number)s).")
    buckets = suppression.shared_rules(settings)
    for bucket, count in zip(buckets, windows.totals(*buckets), strict=True):
        if count * 100 >= bucket.limit * WARN_AT:
            label, number = _described(bucket, settings)
            percent = min(100, count * 100 // max(1, bucket.limit))
            yield sentence % {"percent": percent, "limit": label, "number": number}


def _described(bucket: Bucket, settings: InstanceSettings) -> tuple[str, str]:
    """Return the label and the number of this limit or budget."""
    if bucket.scope in LIMITS:
        return str(LIMITS[bucket.scope].label), str(bucket.limit)
    field: Any = settings._meta.get_field(bucket.scope)
    amount = Decimal(bucket.limit) / suppression.TEN_THOUSANDTHS
    return str(field.verbose_name), f"{amount:.2f} {settings.sms_currency}"


NEWEST = 50  # messages in which failures are looked for
LATE = timedelta(minutes=1)  # no worker runs if a message has waited for so long
MAX_COUNTED = 1000  # waiting messages


def delivery_warnings() -> list[str]:
    """Return a sentence for each problem with delivery."""
    sms = sms_warnings(InstanceSettings.current())
    return [*sms, *_waiting_warning(), *_provider_warnings(), *_failure_warning()]


def _waiting_warning() -> list[str]:
    now = timezone.now()
    long_ago = Q(created_at__lt=now - LATE) | Q(created_at__gt=now + SKEW)
    late = Message.objects.due(now).filter(long_ago)[:MAX_COUNTED].count()
    if not late:
        return []
    sentence = ngettext(
        "%(count)s message is waiting for a worker. Start the worker of your task queue, or run "
        "manage.py otp_deliver.",
        "%(count)s messages are waiting for a worker. Start the worker of your task queue, or run "
        "manage.py otp_deliver.",
        late,
    )
    return [sentence % {"count": f"{late}+" if late == MAX_COUNTED else late}]


def _provider_warnings() -> Iterator[str]:
    sentence = _("%(provider)s keeps failing and is not used until %(time)s.")
    for health in ProviderHealth.objects.passed_over(timezone.now()).order_by("name"):
        end = time_format(timezone.localtime(health.open_until), "H:i:s")
        yield sentence % {"provider": provider_name(health.name), "time": end}


def _failure_warning() -> list[str]:
    newest = list(Message.objects.order_by("-pk").values_list("status", "backend", "error_code")[:NEWEST])
    failed = [row for row in newest if row[0] in {MessageStatus.FAILED, MessageStatus.UNKNOWN}]
    if not failed:
        return []
    sentence = ngettext(
        "Of the newest %(all)d messages, %(count)d failed or may not have been sent. "
        "The provider's answer: %(answer)s.",
        "Of the newest %(all)d messages, %(count)d failed or may not have been sent. "
        "The provider's last answer: %(answer)s.",
        len(failed),
    )
    answer = f"{provider_name(failed[0][1])}: {failed[0][2]}"
    return [sentence % {"all": len(newest), "count": len(failed), "answer": answer}]


def provider_name(path: str) -> str:
    """Return the class name of a provider without `Backend`, such as `Twilio`."""
    return path.rpartition(".")[2].replace("Backend", "") or "–"
