"""Suppression: what decides in the worker that a message does not go out, without telling whoever asked for it.

The threats are SMS pumping (somebody earns from each SMS, asks for codes to many numbers and types none of them)
and mail to addresses that strangers typed. Limits, budgets, bounces and the conversion breaker bound what both
cost. They are silent: an answer that tells them apart would tell who has an account.

1. Proven identifiers and all others have separate counters, and so has each group of visitors. A message to a
   proven one counts in the shares of its source for others, too, and is never refused there: see `_of_sources`.
2. Of a shared limit one source takes its share at most (`rate_limits.rules.with_shares`).
3. A message is counted once, before its first try, and is not refunded.

The conversion breaker stores nothing: it follows from the messages of the last hour, so a country is open again
as soon as its visitors type their codes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Q
from django.utils import timezone

from passwordless_otp import events, identifiers
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Identifier, InstanceSettings, Message, UnlockGrant
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.models.instance_settings.limits import DAY, HOUR
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.policy import is_withheld
from passwordless_otp.rate_limits import rules, windows
from passwordless_otp.rate_limits.windows import Bucket, Consumed, bucket_for
from passwordless_otp.visitor import Group

SPAN = timedelta(hours=1)
LONGEST_SPAN = SPAN + SPAN / windows.PARTS  # that a limit of an hour may look back
USED = [VerificationStatus.VERIFIED, VerificationStatus.TRANSFERABLE]
LINE_DIGITS = 4  # at the end of a number, which its prefix is without
TEN_THOUSANDTHS = 10_000  # of the currency: what a budget is counted in
ALERT_AT = [50, 80, 100]  # percent of a limit or budget
# What an operator reads beside a suppressed message.
PAUSED = "country is paused for SMS"
NOT_SERVED = "number is not served by the SMS settings"
BOUNCED = "an earlier message to this address failed or was marked as spam"
RESTRICTED = "restricted"
LIMIT_REASONS = {
    "emails_unproven": "email limit reached",
    "emails_proven": "email limit reached",
    "identifier_unknown_account": "unknown-account message already sent today",
    "instance_unlock_emails": "limit of unlock links reached",
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
BY_ONE_SOURCE = " by one source"
# The reasons for which the grant of an unlock link helps.
LIMIT_REACHED = {reason + by for reason in LIMIT_REASONS.values() for by in ["", BY_ONE_SOURCE]}


def reason_for(settings: InstanceSettings, message: Message, is_proven: bool | None) -> str:
    """Return why this message must not go out, for the operator. Empty if it may, and then it is counted once.

    `is_proven` says whether a user has the identifier; where it is `None`, that is looked up.
    """
    if message.kind == MessageKind.SECURITY_NOTICE:
        return _count_notice(settings, message)
    if is_proven is None:
        is_proven = Identifier.objects.matching(message.identifier).exists()
    if message.channel == "sms":
        return _sms_reason(settings, message, is_proven)
    reason = _email_reason(settings, message, is_proven)
    if reason not in LIMIT_REACHED or message.asked_by.get("group") or not _is_unlocked(message):
        return reason
    message.asked_by = {**message.asked_by, "group": Group.UNLOCKED.value}
    return _email_reason(settings, message, is_proven)


def _is_unlocked(message: Message) -> bool:
    """Return whether the browser that has asked for this message holds the grant of an unlock link."""
    verification = message.verification
    client = verification.flow.client if verification is not None else ""
    return bool(UnlockGrant.objects.holds(client, message.identifier))


def _count_notice(settings: InstanceSettings, message: Message) -> str:
    """Count the SMS of a security notice. It is never suppressed."""
    if message.channel == "sms":
        counted = _proven_sms(message.identifier.value, settings, {})
        _limit_reason(message, [replace(bucket, refuses=False) for bucket in counted])
    return ""


def _email_reason(settings: InstanceSettings, message: Message, is_proven: bool) -> str:
    """Decide on an email. Those without a code go to addresses that somebody else may have typed."""
    kind, asked = MessageKind(message.kind), message.asked_by
    if kind == MessageKind.UNLOCK and is_withheld(settings, [message.identifier], has_holder=is_proven):
        return RESTRICTED  # the link would be of no use
    is_asked_for = kind.has_code or (kind == MessageKind.UNLOCK and is_proven)  # a code would be sent as well
    if not is_asked_for and _has_bounced(message.identifier):
        return BOUNCED
    buckets = _shared(settings, "emails_proven" if is_proven else "emails_unproven", asked)
    if kind == MessageKind.UNLOCK:
        buckets += _shared(settings, "instance_unlock_emails", asked, "proven" if is_proven else "unproven")
    if kind == MessageKind.UNKNOWN_ACCOUNT:
        buckets.append(bucket_for(settings, "identifier_unknown_account", *message.identifier))
        buckets += _shared(settings, "instance_unknown_account", asked)
    elif is_proven and kind == MessageKind.SIGN_IN:
        buckets += _of_sources(_shared(settings, "instance_unknown_account", asked))
    return _limit_reason(message, buckets)


def _shared(settings: InstanceSettings, name: str, asked: Mapping[str, Any], *subject: str) -> list[Bucket]:
    """Return the bucket of this limit for the group of whoever has asked, and the shares of their sources."""
    return _with_shares(bucket_for(settings, name, *subject), asked)


def _with_shares(bucket: Bucket, asked: Mapping[str, Any]) -> list[Bucket]:
    if asked.get("group"):
        bucket = replace(bucket, subject=(*bucket.subject, "group", asked["group"]))
    return rules.with_shares(bucket, asked.get("sources", []), asked.get("factor", 1))


def _has_bounced(identifier: IdentifierValue) -> bool:
    written = Message.objects.filter(verification__kind=identifier.kind, verification__value=identifier.value)
    if written.filter(Q(status=MessageStatus.FAILED) | Q(error_code="complained")).exists():
        return True
    marked = Identifier.objects.exclude(undeliverable_at=None)
    return bool(marked.filter(kind=identifier.kind, value=identifier.value).exists())


def _sms_reason(settings: InstanceSettings, message: Message, is_proven: bool) -> str:
    number, asked = message.identifier.value, message.asked_by
    if is_proven:
        return _limit_reason(message, _proven_sms(number, settings, asked))
    if not settings.serves(number):
        return NOT_SERVED
    country = identifiers.region(number)
    if country in settings.sms_paused:
        return PAUSED
    conversion = conversions(country).get(country, Conversion(0, 0))
    if conversion.is_too_low(settings) and country not in settings.sms_never_paused:
        _alert_paused(country)
        if "sms_conversion" not in settings.tracked_only:
            return PAUSED
    # Before it is counted: others that are judged now see it, and a suppressed message is left out later.
    Message.objects.filter(pk=message.pk).update(country=country)
    return _limit_reason(message, _unproven_sms(number, settings, conversion.allowance, asked))


class Conversion(NamedTuple):
    """SMS to unproven numbers of a country within the last hour, and how many of their codes were used."""

    sent: int
    verified: int
    allowance: int = 0  # codes used for as long as the limit of the country may look back

    def is_too_low(self, settings: InstanceSettings) -> bool:
        """Return whether so few codes were used that the country is paused."""
        enough = self.sent >= settings.limit("sms_conversion_sample")
        return enough and self.verified * 100 < self.sent * settings.limit("sms_conversion")


def conversions(country: str = "") -> dict[str, Conversion]:
    """Return the conversion of each country that got an SMS within the hour, or of this one only."""
    now = timezone.now()
    messages = Message.objects.filter(created_at__gt=now - LONGEST_SPAN).exclude(country="")
    never_left = Q(status=MessageStatus.FAILED, sent_at=None) | Q(status=MessageStatus.SUPPRESSED)
    messages = (messages.filter(country=country) if country else messages).exclude(never_left)
    recent, used = Q(created_at__gt=now - SPAN), Q(verification__status__in=USED)
    counts = {"sent": recent, "verified": recent & used, "allowance": used}
    counted = {name: Count("pk", filter=which) for name, which in counts.items()}
    found = messages.order_by().values_list("country").annotate(**counted)
    return {name: Conversion(*numbers) for name, *numbers in found}


def paused_countries(settings: InstanceSettings) -> dict[str, Conversion]:
    """Return the countries that the conversion breaker pauses now."""
    low = {name: found for name, found in conversions().items() if found.is_too_low(settings)}
    return {name: found for name, found in low.items() if name not in settings.sms_never_paused}


def _proven_sms(number: str, settings: InstanceSettings, asked: Mapping[str, Any]) -> list[Bucket]:
    """Return what an SMS to a proven number consumes: of what one to others does, the shares of sources only."""
    buckets = [*_shared(settings, "sms_proven", asked), *_shared(settings, "sms_proven_per_day", asked)]
    for name in ["sms_prefix", "sms_prefix_per_day"]:
        buckets += _of_sources(_shared(settings, name, asked, number[:-LINE_DIGITS]))
    return [*buckets, *_budget("sms_proven_daily_budget", settings, number, asked)]


def _of_sources(shared: Iterable[Bucket]) -> list[Bucket]:
    """Return the shares of sources of a limit for strangers, as a message to a user counts there: never refused.

    Else a stranger with a mailbox or a number of their own could tell by its next message whether one to somebody
    else has used up their share: whether that has an account.
    """
    return [replace(bucket, refuses=False) for bucket in shared if bucket.source]


def _unproven_sms(
    number: str, settings: InstanceSettings, verified: int, asked: Mapping[str, Any]
) -> list[Bucket]:
    """Return what an SMS to an unproven number consumes. Codes used don't count against its country."""
    country = bucket_for(settings, "sms_country", identifiers.region(number))
    return [
        *_shared(settings, "sms_prefix", asked, number[:-LINE_DIGITS]),
        *_shared(settings, "sms_prefix_per_day", asked, number[:-LINE_DIGITS]),
        *_with_shares(replace(country, limit=country.limit + verified), asked),
        *_shared(settings, "sms_instance", asked),
        *_shared(settings, "sms_instance_per_day", asked),
        *_budget("sms_daily_budget", settings, number, asked),
    ]


def shared_rules(settings: InstanceSettings) -> list[Bucket]:
    """Return what all unproven identifiers share, and what all proven ones do."""
    names = ["emails_unproven", "emails_proven", "sms_instance", "sms_instance_per_day", "sms_proven"]
    shared = [bucket_for(settings, name) for name in [*names, "sms_proven_per_day"]]
    budgets = [_budget(name, settings, "", {}) for name in ["sms_daily_budget", "sms_proven_daily_budget"]]
    return [*shared, *[bucket for found in budgets for bucket in found]]


def _budget(name: str, settings: InstanceSettings, number: str, asked: Mapping[str, Any]) -> list[Bucket]:
    """Return the bucket of this budget, if there is one, from which an SMS to `number` takes its price."""
    budget: Decimal | None = getattr(settings, name)
    price = int(settings.price(identifiers.region(number)) * TEN_THOUSANDTHS) if number else 1
    if budget is None or not price:
        return []
    return _with_shares(Bucket(name, (), int(budget * TEN_THOUSANDTHS), DAY, amount=price), asked)


def _limit_reason(message: Message, buckets: list[Bucket]) -> str:
    """Count this message. If that is over a limit, count nothing and return the reason to suppress it."""
    try:
        consumed = windows.consume(buckets)
    except TooManyRequests as refusal:
        full = next(bucket for bucket in buckets if bucket.scope == refusal.scope)
        if refusal.of_source:
            return LIMIT_REASONS[full.scope] + BY_ONE_SOURCE
        if full.scope != "identifier_unknown_account":
            _alert_reached(full)
        return LIMIT_REASONS[full.scope]
    _alert_consumed([bucket for bucket in buckets if not bucket.source], consumed)
    return ""


def _alert_consumed(buckets: Iterable[Bucket], consumed: Consumed) -> None:
    """Send `budget_reached` for each stage of a limit or budget that this has just passed."""
    for bucket in buckets:
        if bucket.scope == "identifier_unknown_account":
            continue  # it concerns one address
        after = consumed.totals[bucket.scope]
        before = after - bucket.amount
        for percent in ALERT_AT:
            if before * 100 < bucket.limit * percent <= after * 100:
                _alert_reached(bucket, percent)


def _alert_reached(bucket: Bucket, percent: int = 100) -> None:
    """Send `budget_reached`, once within the bucket's seconds."""
    if windows.is_first(bucket.seconds, bucket.scope, *bucket.subject, str(percent)):
        events.budget_reached(bucket.scope, bucket.subject, percent)


def _alert_paused(country: str) -> None:
    """Send `country_paused`, once an hour."""
    if windows.is_first(HOUR, "country paused", country):
        events.country_paused(country)
