"""What holds SMS back, in sentences."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from passwordless_otp import limits
from passwordless_otp.admin import countries
from passwordless_otp.identifiers import Kind
from passwordless_otp.limits import Bucket
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.limit_settings import LIMITS
from passwordless_otp.outbox import pauses, rationing

NEARLY = 80  # percent of a budget


def now(settings: InstanceSettings) -> list[str]:
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
    for region, conversion in sorted(pauses.paused(settings).items()):
        yield sentence % {"country": countries.name(region), **conversion._asdict()}


def _spent(settings: InstanceSettings) -> Iterator[str]:
    buckets = rationing.shared(settings)
    for bucket, count in zip(buckets, limits.counts(*buckets), strict=True):
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
    return f"{Decimal(bucket.limit) / rationing.TEN_THOUSANDTHS:.2f} {settings.sms_currency}"
