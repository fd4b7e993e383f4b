"""SMS guard: what decides in the worker that a message is suppressed, without telling whoever asked for it.

Somebody who earns from each SMS (SMS pumping) asks for codes to many numbers and types none of them. Limits on
prefixes, countries and the whole instance, budgets and the conversion breaker bound what that costs. They are
silent: an answer that tells them apart would tell who has an account. Numbers that a user has proven share no
limit with strangers, so strangers can't use up theirs. Unknown-account messages have limits of their own.

A message is counted once, before its first try. The conversion breaker stores nothing: it follows from the
messages of the last hour, so a country is open again as soon as its visitors type their codes.
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
LINE_DIGITS = 4  # at the end of a number, which its prefix is without
TEN_THOUSANDTHS = 10_000  # of the currency: what a budget is counted in
ALERT_AT = [50, 80, 100]  # percent of a limit or budget
# What an operator reads beside a suppressed message.
PAUSED = "country is paused for SMS"
NOT_SERVED = "number is not served by the SMS settings"
BOUNCED = "an earlier message to this address failed or was marked as spam"
LIMIT_REASONS = {
    "identifier_unknown_account": "unknown-account message already sent today",
    "instance_unknown_account": "limit of unknown-account messages reached",
    "sms_prefix": "SMS limit for this number prefix reached",
    "sms_prefix_per_day": "SMS limit for this number prefix reached",
    "sms_country": "SMS limit for this country reached",
    "sms_instance": "SMS limit reached",
    "sms_instance_per_day": "SMS limit reached",
    "sms_proven": "SMS limit reached",
    "sms_proven_per_day": "SMS limit reached",
    "sms_daily_budget": "SMS budget spent",
    "sms_proven_daily_budget": "SMS budget spent",
}


def suppression_reason(message: Message) -> str:
    """Return why this message must not go out, for the operator. Empty if it may, and then it is counted once."""
    if message.delivery_tries > 1:
        return ""
    if message.channel == "sms":
        return _sms_reason(message, InstanceSettings.current())
    kind = MessageKind(message.kind)
    if kind in {MessageKind.UNKNOWN_ACCOUNT, MessageKind.NOT_ALLOWED}:
        return _email_reason(message, kind, InstanceSettings.current())
    return ""


def _email_reason(message: Message, kind: MessageKind, settings: InstanceSettings) -> str:
    """Decide on an email without a code: these go to addresses that somebody else may have typed."""
    identifier = message.identifier
    if _has_bounced(identifier):
        return BOUNCED
    if kind != MessageKind.UNKNOWN_ACCOUNT:
        return ""
    own = bucket_for(settings, "identifier_unknown_account", *identifier)
    return _limit_reason(message, [own, bucket_for(settings, "instance_unknown_account")])


def _has_bounced(identifier: IdentifierValue) -> bool:
    written = Message.objects.filter(verification__kind=identifier.kind, verification__value=identifier.value)
    if written.filter(Q(status=MessageStatus.FAILED) | Q(error_code="complained")).exists():
        return True
    marked = Identifier.objects.exclude(undeliverable_at=None)
    return bool(marked.filter(kind=identifier.kind, value=identifier.value).exists())


def _sms_reason(message: Message, settings: InstanceSettings) -> str:
    number = message.identifier.value
    if message.kind == MessageKind.SECURITY_NOTICE:  # counts against the budget, but is never suppressed
        counted = [replace(bucket, refuses=False) for bucket in rules_for_proven(number, settings)]
        return _limit_reason(message, counted)
    if Identifier.objects.filter(kind=message.identifier.kind, value=number).exists():
        return _limit_reason(message, rules_for_proven(number, settings))
    if not settings.serves(number):
        return NOT_SERVED
    country = identifiers.region(number)
    if country in settings.sms_paused:
        return PAUSED
    conversion = conversions(country).get(country, Conversion(0, 0))
    if conversion.is_too_low(settings) and country not in settings.sms_never_paused:
        alert_paused(country)
        if "sms_conversion" not in settings.tracked_only:
            return PAUSED
    # Before it is counted: others that are judged now see it, and a suppressed message is left out later.
    Message.objects.filter(pk=message.pk).update(country=country)
    return _limit_reason(message, rules_for_unproven(number, settings, conversion.verified))


class Conversion(NamedTuple):
    """SMS to unproven numbers of a country within the last hour, and how many of their codes were used."""

    sent: int
    verified: int

    def is_too_low(self, settings: InstanceSettings) -> bool:
        """Return whether so few codes were used that the country is paused."""
        enough = self.sent >= settings.limit("sms_conversion_sample")
        return enough and self.verified * 100 < self.sent * settings.limit("sms_conversion")


def conversions(country: str = "") -> dict[str, Conversion]:
    """Return the conversion of each country that got an SMS within the hour, or of this one only."""
    messages = Message.objects.filter(created_at__gt=timezone.now() - SPAN).exclude(country="")
    never_left = Q(status=MessageStatus.FAILED, sent_at=None) | Q(status=MessageStatus.SUPPRESSED)
    messages = (messages.filter(country=country) if country else messages).exclude(never_left)
    used = Count("pk", filter=Q(verification__status__in=USED))
    found = messages.order_by().values_list("country").annotate(sent=Count("pk"), verified=used)
    return {name: Conversion(sent, verified) for name, sent, verified in found}


def paused_countries(settings: InstanceSettings) -> dict[str, Conversion]:
    """Return the countries that the conversion breaker pauses now."""
    low = {name: found for name, found in conversions().items() if found.is_too_low(settings)}
    return {name: found for name, found in low.items() if name not in settings.sms_never_paused}


def rules_for_proven(number: str, settings: InstanceSettings) -> list[Bucket]:
    """Return what an SMS to a user's number consumes: nothing that one to a stranger's does."""
    limits = [bucket_for(settings, "sms_proven"), bucket_for(settings, "sms_proven_per_day")]
    return [*limits, *_budget("sms_proven_daily_budget", settings, number)]


def rules_for_unproven(number: str, settings: InstanceSettings, verified: int) -> list[Bucket]:
    """Return what an SMS to a stranger's number consumes. Codes used don't count against its country."""
    country = bucket_for(settings, "sms_country", identifiers.region(number))
    return [
        bucket_for(settings, "sms_prefix", number[:-LINE_DIGITS]),
        bucket_for(settings, "sms_prefix_per_day", number[:-LINE_DIGITS]),
        replace(country, limit=country.limit + verified),
        bucket_for(settings, "sms_instance"),
        bucket_for(settings, "sms_instance_per_day"),
        *_budget("sms_daily_budget", settings, number),
    ]


def shared_rules(settings: InstanceSettings) -> list[Bucket]:
    """Return what all unproven numbers share, and what all proven ones do."""
    names = ["sms_instance", "sms_instance_per_day", "sms_proven", "sms_proven_per_day"]
    shared = [bucket_for(settings, name) for name in names]
    return [*shared, *_budget("sms_daily_budget", settings), *_budget("sms_proven_daily_budget", settings)]


def _budget(name: str, settings: InstanceSettings, number: str = "") -> list[Bucket]:
    """Return the bucket of this budget, if there is one, from which an SMS to `number` takes its price."""
    budget: Decimal | None = getattr(settings, name)
    price = int(settings.price(identifiers.region(number)) * TEN_THOUSANDTHS) if number else 1
    if budget is None or not price:
        return []
    return [Bucket(name, (), int(budget * TEN_THOUSANDTHS), DAY, amount=price)]


def _limit_reason(message: Message, buckets: list[Bucket]) -> str:
    """Count this message. If that is over a limit, count nothing and return the reason to suppress it."""
    try:
        consumed = windows.consume(buckets)
    except TooManyRequests as refusal:
        full = {bucket.scope: bucket for bucket in buckets}[refusal.scope]
        if message.channel == "sms":
            alert_reached(full)
        return LIMIT_REASONS[full.scope]
    if message.channel == "sms":
        alert_consumed(buckets, consumed)
    return ""


def alert_consumed(buckets: Iterable[Bucket], consumed: Consumed) -> None:
    """Send `budget_reached` for each stage of a limit or budget that this has just passed."""
    for bucket in buckets:
        after = consumed.totals[bucket.scope]
        before = after - bucket.amount
        for percent in ALERT_AT:
            if before * 100 < bucket.limit * percent <= after * 100:
                alert_reached(bucket, percent)


def alert_reached(bucket: Bucket, percent: int = 100) -> None:
    """Send `budget_reached`, once within the bucket's seconds."""
    if _is_first(bucket.seconds, bucket.scope, *bucket.subject, str(percent)):
        events.budget_reached(bucket.scope, bucket.subject, percent)


def alert_paused(country: str) -> None:
    """Send `country_paused`, once an hour."""
    if _is_first(HOUR, "country paused", country):
        events.country_paused(country)


def _is_first(seconds: int, *what: str) -> bool:
    return windows.consume([Bucket("alert", what, MAX_COUNT, seconds)]).totals["alert"] == 1
