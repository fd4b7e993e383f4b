"""Hold a message back that is over a limit which refuses nobody: whoever asked for it is told nothing of it.

Only the worker knows. What goes to strangers uses up nothing of what people with an account have.
"""

from dataclasses import replace
from decimal import Decimal

from django.db import router, transaction
from django.db.models import Q

from passwordless_otp import identifiers, limits
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.identifiers import Address
from passwordless_otp.limits import Bucket, bucket
from passwordless_otp.models import Counter, Identifier, InstanceSettings, Message
from passwordless_otp.models.limit_settings import DAY
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.outbox import alarms, pauses

LAST = 4  # digits of a number that its prefix is without
TEN_THOUSANDTHS = 10_000  # of the currency: what a budget is counted in
PAUSED = "country paused"
# A limit → what the operator reads of a message that is over it.
REASONS = {
    "identifier_notes": "told already",
    "instance_notes": "too many notes",
    "sms_prefix": "too many to this prefix",
    "sms_prefix_day": "too many to this prefix",
    "sms_country": "too many to this country",
    "sms_instance": "SMS limit reached",
    "sms_instance_day": "SMS limit reached",
    "sms_proven": "SMS limit reached",
    "sms_proven_day": "SMS limit reached",
    "sms_daily_budget": "SMS budget spent",
    "sms_proven_daily_budget": "SMS budget spent",
}


def withhold(message: Message) -> str:
    """Return why this message must not go out, for the operator; empty if it may, and then it has been counted.

    Once for each message: a second try of the same one is not counted again.
    """
    if message.attempts > 1:
        return ""
    settings, address = InstanceSettings.current(), message.address
    if message.kind == MessageKind.NOTICE:
        return _count(message, _warning(address.value, settings)) if message.channel == "sms" else ""
    holders = Identifier.objects.filter(kind=address.kind, value=address.value)
    if message.channel == "sms":
        return _count(message, proven(address.value, settings)) if holders.exists() else _sms(message, settings)
    if MessageKind(message.kind).has_code:
        return ""
    if _came_back(address) or holders.exclude(undeliverable_at=None).exists():
        return "came back"
    return _count(message, _note(address, settings)) if message.kind == MessageKind.NO_ACCOUNT else ""


def proven(number: str, settings: InstanceSettings) -> list[Bucket]:
    """Return what an SMS to somebody with an account counts for: nothing that goes to strangers does."""
    return [
        bucket(settings, "sms_proven"),
        bucket(settings, "sms_proven_day"),
        *_budget("sms_proven_daily_budget", settings, number),
    ]


def _warning(number: str, settings: InstanceSettings) -> list[Bucket]:
    """Return what a notice by SMS counts for: it is never held back, and leaves less for codes."""
    return [replace(each, refuses=False) for each in proven(number, settings)]


def unproven(number: str, settings: InstanceSettings, verified: int) -> list[Bucket]:
    """Return what an SMS to a stranger counts for. `verified` others of that country do not count."""
    country = bucket(settings, "sms_country", identifiers.region(number))
    return [
        bucket(settings, "sms_prefix", number[:-LAST]),
        bucket(settings, "sms_prefix_day", number[:-LAST]),
        replace(country, limit=country.limit + verified),
        bucket(settings, "sms_instance"),
        bucket(settings, "sms_instance_day"),
        *_budget("sms_daily_budget", settings, number),
    ]


def shared(settings: InstanceSettings) -> list[Bucket]:
    """Return what all unproven numbers share, and what all proven ones do."""
    each = [
        bucket(settings, name) for name in ["sms_instance", "sms_instance_day", "sms_proven", "sms_proven_day"]
    ]
    return [*each, *_budget("sms_daily_budget", settings), *_budget("sms_proven_daily_budget", settings)]


def _sms(message: Message, settings: InstanceSettings) -> str:
    number = message.address.value
    country = identifiers.region(number)
    if not settings.serves(number):
        return "not served"
    if country in settings.sms_paused:
        return PAUSED
    conversion = pauses.conversions(country).get(country, pauses.Conversion(0, 0))
    if conversion.pauses(settings) and country not in settings.sms_never_paused:
        alarms.paused(country)
        if "sms_pause" not in settings.tracked_only:
            return PAUSED
    return _count(message, unproven(number, settings, conversion.verified), country)


def _count(message: Message, buckets: list[Bucket], country: str = "") -> str:
    try:
        with transaction.atomic(router.db_for_write(Counter)):
            if country:
                Message.objects.filter(pk=message.pk).update(country=country)
            taken = limits.take(*buckets)
    except TooManyRequests as refusal:
        full = {each.scope: each for each in buckets}[refusal.scope]
        limits.tell(full)
        if message.channel == "sms":
            alarms.reached(full)
        return REASONS[full.scope]
    totals = {each.scope: each.total for each in taken}
    for each in buckets:
        if each.overrun(totals[each.scope]):
            limits.tell(each)
    if message.channel == "sms":
        alarms.counted(buckets, taken)
    return ""


def _note(address: Address, settings: InstanceSettings) -> list[Bucket]:
    return [bucket(settings, "identifier_notes", *address), bucket(settings, "instance_notes")]


def _came_back(address: Address) -> bool:
    """Tell whether a message to this address has failed, or somebody complained of one."""
    written = Message.objects.filter(verification__kind=address.kind, verification__value=address.value)
    return written.filter(Q(status=MessageStatus.FAILED) | Q(error_code="complained")).exists()


def _budget(name: str, settings: InstanceSettings, number: str = "") -> list[Bucket]:
    """Return the bucket of this budget, from which an SMS to `number` takes its price."""
    budget: Decimal | None = getattr(settings, name)
    price = int(settings.price(identifiers.region(number)) * TEN_THOUSANDTHS) if number else 1
    if budget is None or not price:
        return []
    return [Bucket(name, (), int(budget * TEN_THOUSANDTHS), DAY, amount=price)]
