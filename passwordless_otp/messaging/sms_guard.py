"""Countries that get no SMS for a while: somebody sends codes there for the sake of sending.

Nothing of it is stored. It follows from the messages of the last hour: a country whose visitors begin to type
their codes is open again at once, and one that nobody writes to is within the hour.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils import timezone

from passwordless_otp import events, identifiers
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Identifier, InstanceSettings, Message
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.models.instance_settings.limits import DAY, HOUR
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import MAX_COUNT, Bucket, Consumed, bucket_for

SPAN = timedelta(hours=1)
USED = [VerificationStatus.VERIFIED, VerificationStatus.TRANSFERABLE]


class Conversion(NamedTuple):
    """How many SMS went to numbers of a country that nobody had proven, and how many of those then were."""

    sent: int
    verified: int

    def pauses(self, settings: InstanceSettings) -> bool:
        """Tell whether too few were."""
        enough = self.sent >= settings.limit("sms_conversion_sample")
        return enough and self.verified * 100 < self.sent * settings.limit("sms_conversion")


def conversions(country: str = "") -> dict[str, Conversion]:
    """Return it of each country that an SMS went to within the hour, or of this one only."""
    messages = Message.objects.filter(created_at__gt=timezone.now() - SPAN).exclude(country="")
    never_left = Q(status=MessageStatus.FAILED, sent_at=None)
    messages = (messages.filter(country=country) if country else messages).exclude(never_left)
    used = Count("pk", filter=Q(verification__status__in=USED))
    found = messages.order_by().values_list("country").annotate(sent=Count("pk"), verified=used)
    return {name: Conversion(sent, verified) for name, sent, verified in found}


def paused_countries(settings: InstanceSettings) -> dict[str, Conversion]:
    """Return the countries that are paused by themselves."""
    return {
        name: conversion
        for name, conversion in conversions().items()
        if name not in settings.sms_never_paused and conversion.pauses(settings)
    }


STAGES = [50, 80, 100]  # percent


def alert_consumed(buckets: Iterable[Bucket], consumed: Consumed) -> None:
    """Report which stages of their limits these buckets have just reached."""
    for bucket in buckets:
        after = consumed.totals[bucket.scope]
        before = after - bucket.amount
        for percent in STAGES:
            if before * 100 < bucket.limit * percent <= after * 100:
                alert_reached(bucket, percent)


def alert_reached(bucket: Bucket, percent: int = 100) -> None:
    """Tell that this much of a limit is used up, or that it was in somebody's way."""
    if _first(bucket.seconds, bucket.scope, *bucket.subject, str(percent)):
        events.budget_reached(bucket.scope, bucket.subject, percent)


def alert_paused(country: str) -> None:
    """Tell that next to nobody in this country types the codes that are sent there."""
    if _first(HOUR, "country paused", country):
        events.country_paused(country)


def _first(seconds: int, *what: str) -> bool:
    return windows.consume([Bucket("alert", what, MAX_COUNT, seconds)]).totals["alert"] == 1


LAST = 4  # digits of a number that its prefix is without
TEN_THOUSANDTHS = 10_000  # of the currency: what a budget is counted in
PAUSED = "country paused"
# A limit → what the operator reads of a message that is over it.
REASONS = {
    "identifier_unknown_account": "told already",
    "instance_unknown_account": "too many notes",
    "sms_prefix": "too many to this prefix",
    "sms_prefix_per_day": "too many to this prefix",
    "sms_country": "too many to this country",
    "sms_instance": "SMS limit reached",
    "sms_instance_per_day": "SMS limit reached",
    "sms_proven": "SMS limit reached",
    "sms_proven_per_day": "SMS limit reached",
    "sms_daily_budget": "SMS budget spent",
    "sms_proven_daily_budget": "SMS budget spent",
}


def suppression_reason(message: Message) -> str:
    """Return why this message must not go out, for the operator; empty if it may, and then it has been counted.

    Once for each message: a second try of the same one is not counted again.
    """
    if message.delivery_tries > 1:
        return ""
    settings, identifier = InstanceSettings.current(), message.identifier
    if message.kind == MessageKind.SECURITY_NOTICE:
        return _count(message, _warning(identifier.value, settings)) if message.channel == "sms" else ""
    holders = Identifier.objects.filter(kind=identifier.kind, value=identifier.value)
    if message.channel == "sms":
        return (
            _count(message, rules_for_proven(identifier.value, settings))
            if holders.exists()
            else _sms(message, settings)
        )
    if MessageKind(message.kind).has_code:
        return ""
    if _came_back(identifier) or holders.exclude(undeliverable_at=None).exists():
        return "came back"
    return _count(message, _note(identifier, settings)) if message.kind == MessageKind.UNKNOWN_ACCOUNT else ""


def rules_for_proven(number: str, settings: InstanceSettings) -> list[Bucket]:
    """Return what an SMS to somebody with an account counts for: nothing that goes to strangers does."""
    return [
        bucket_for(settings, "sms_proven"),
        bucket_for(settings, "sms_proven_per_day"),
        *_budget("sms_proven_daily_budget", settings, number),
    ]


def _warning(number: str, settings: InstanceSettings) -> list[Bucket]:
    """Return what a notice by SMS counts for: it is never held back, and leaves less for codes."""
    return [replace(each, refuses=False) for each in rules_for_proven(number, settings)]


def rules_for_unproven(number: str, settings: InstanceSettings, verified: int) -> list[Bucket]:
    """Return what an SMS to a stranger counts for. `verified` others of that country do not count."""
    country = bucket_for(settings, "sms_country", identifiers.region(number))
    return [
        bucket_for(settings, "sms_prefix", number[:-LAST]),
        bucket_for(settings, "sms_prefix_per_day", number[:-LAST]),
        replace(country, limit=country.limit + verified),
        bucket_for(settings, "sms_instance"),
        bucket_for(settings, "sms_instance_per_day"),
        *_budget("sms_daily_budget", settings, number),
    ]


def shared_rules(settings: InstanceSettings) -> list[Bucket]:
    """Return what all unproven numbers share, and what all proven ones do."""
    each = [
        bucket_for(settings, name)
        for name in ["sms_instance", "sms_instance_per_day", "sms_proven", "sms_proven_per_day"]
    ]
    return [*each, *_budget("sms_daily_budget", settings), *_budget("sms_proven_daily_budget", settings)]


def _sms(message: Message, settings: InstanceSettings) -> str:
    number = message.identifier.value
    country = identifiers.region(number)
    if not settings.serves(number):
        return "not served"
    if country in settings.sms_paused:
        return PAUSED
    conversion = conversions(country).get(country, Conversion(0, 0))
    if conversion.pauses(settings) and country not in settings.sms_never_paused:
        alert_paused(country)
        if "sms_conversion" not in settings.tracked_only:
            return PAUSED
    return _count(message, rules_for_unproven(number, settings, conversion.verified), country)


def _count(message: Message, buckets: list[Bucket], country: str = "") -> str:
    try:
        consumed = windows.consume(buckets)
    except TooManyRequests as refusal:
        full = {each.scope: each for each in buckets}[refusal.scope]
        if message.channel == "sms":
            alert_reached(full)
        return REASONS[full.scope]
    if country:
        Message.objects.filter(pk=message.pk).update(country=country)
    if message.channel == "sms":
        alert_consumed(buckets, consumed)
    return ""


def _note(identifier: IdentifierValue, settings: InstanceSettings) -> list[Bucket]:
    return [
        bucket_for(settings, "identifier_unknown_account", *identifier),
        bucket_for(settings, "instance_unknown_account"),
    ]


def _came_back(identifier: IdentifierValue) -> bool:
    """Tell whether a message to this address has failed, or somebody complained of one."""
    written = Message.objects.filter(verification__kind=identifier.kind, verification__value=identifier.value)
    return written.filter(Q(status=MessageStatus.FAILED) | Q(error_code="complained")).exists()


def _budget(name: str, settings: InstanceSettings, number: str = "") -> list[Bucket]:
    """Return the bucket of this budget, from which an SMS to `number` takes its price."""
    budget: Decimal | None = getattr(settings, name)
    price = int(settings.price(identifiers.region(number)) * TEN_THOUSANDTHS) if number else 1
    if budget is None or not price:
        return []
    return [Bucket(name, (), int(budget * TEN_THOUSANDTHS), DAY, amount=price)]
