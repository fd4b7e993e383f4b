"""What holds SMS back, in sentences."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from passwordless_otp.admin import countries
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging import sms_guard
from passwordless_otp.models import InstanceSettings, Message, ProviderHealth
from passwordless_otp.models.instance_settings.limits import LIMITS
from passwordless_otp.models.messages import MessageStatus
from passwordless_otp.models.provider_health import THRESHOLD
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Bucket

NEARLY = 80  # percent of a budget


def sms_warnings(settings: InstanceSettings) -> list[str]:
    """Return a sentence for each country that is paused and each budget that is spent, or nearly."""
    if not settings.offers(Kind.PHONE_NUMBER):
        return []
    return [*_paused(settings), *_spent(settings)]


def _paused(settings: InstanceSettings) -> Iterator[str]:
    by_operator = [countries.name(region) for region in settings.sms_paused]
    if by_operator:
        yield _("SMS to unverified numbers are paused by you: %(countries)s.") % {
            "countries": ", ".join(sorted(by_operator))
        }
    sentence = _(
        "SMS to unverified numbers are paused: %(country)s. Of %(sent)d codes of the last hour %(verified)d were "
        "typed. The pause ends when more are typed, or within the hour; to end it now, list the country among "
        "those that are not paused by themselves."
    )
    for region, conversion in sorted(sms_guard.paused_countries(settings).items()):
        yield sentence % {"country": countries.name(region), **conversion._asdict()}


def _spent(settings: InstanceSettings) -> Iterator[str]:
    buckets = sms_guard.shared_rules(settings)
    for bucket, count in zip(buckets, windows.totals(*buckets), strict=True):
        if count * 100 < bucket.limit * NEARLY:
            continue
        yield _("%(percent)d %% of a limit are used up: %(limit)s, %(number)s.") % {
            "percent": min(100, count * 100 // max(1, bucket.limit)),
            "limit": _label(bucket, settings),
            "number": _number(bucket, settings),
        }


def _label(bucket: Bucket, settings: InstanceSettings) -> str:
    limit = LIMITS.get(bucket.scope)
    if limit:
        return str(limit.label)
    field: Any = settings._meta.get_field(bucket.scope)
    return str(field.verbose_name)


def _number(bucket: Bucket, settings: InstanceSettings) -> str:
    if bucket.scope in LIMITS:
        return str(bucket.limit)
    return f"{Decimal(bucket.limit) / sms_guard.TEN_THOUSANDTHS:.2f} {settings.sms_currency}"


NEWEST = 50  # messages that are looked at
LATE = timedelta(minutes=1)  # a message that nobody has tried by then waits for a worker that is not there
MAX_COUNTED = 1000  # messages that are counted


def warnings() -> list[str]:
    """Return a sentence for each trouble with delivery; none where messages go out."""
    return [*sms_warnings(InstanceSettings.current()), *_waiting(), *_passed_over(), *_failing()]


def _waiting() -> list[str]:
    late = Message.objects.due(timezone.now()).filter(created_at__lt=timezone.now() - LATE)[:MAX_COUNTED].count()
    if not late:
        return []
    sentence = ngettext(
        "%(count)s message waits for a worker. Run the one of your task queue, or manage.py otp_deliver.",
        "%(count)s messages wait for a worker. Run the one of your task queue, or manage.py otp_deliver.",
        late,
    )
    return [sentence % {"count": f"{late}+" if late == MAX_COUNTED else late}]


def _passed_over() -> list[str]:
    sentence = _("%(provider)s keeps failing: it is passed over until %(time)s.")
    providers = ProviderHealth.objects.filter(failures__gte=THRESHOLD, open_until__gt=timezone.now())
    return [
        sentence
        % {
            "provider": provider_name(health.name),
            "time": time_format(timezone.localtime(health.open_until), "H:i:s"),
        }
        for health in providers.order_by("name")
    ]


def _failing() -> list[str]:
    newest = list(Message.objects.order_by("-pk").values_list("status", "backend", "error_code")[:NEWEST])
    failed = [row for row in newest if row[0] in {MessageStatus.FAILED, MessageStatus.UNKNOWN}]
    if not failed:
        return []
    sentence = ngettext(
        "Of the newest %(all)d messages, %(count)d failed or may not have been sent. The answer was: %(answer)s.",
        "Of the newest %(all)d messages, %(count)d failed or may not have been sent. "
        "The newest answer was: %(answer)s.",
        len(failed),
    )
    _status, backend, code = failed[0]
    answer = f"{provider_name(backend)}: {code}"
    return [sentence % {"all": len(newest), "count": len(failed), "answer": answer}]


def provider_name(path: str) -> str:
    """Return the name of a provider's class, without `Backend`."""
    return path.rpartition(".")[2].replace("Backend", "") or "–"
