"""Which step consumes what: the buckets of each step, and by whom they count.

`models.instance_settings.limits` has the number of each limit, and whether it is shared and refunded. Five rules
hold for all of them:

1. Each group of visitors (`visitor.Group`) has counters of its own.
2. Of a shared limit, one source takes its share at most (`shared`).
3. A success refunds what has cost nothing: never an SMS, and never an account (`throttle`).
4. A step consumes before anything is looked up. What consumes nothing else counts as a step of its source.
5. Codes are no longer than the channel carries (`code_strength`).
"""

from collections.abc import Sequence

from passwordless_otp import ip_addresses, keys
from passwordless_otp.identifiers import IdentifierValue, counted_mailbox
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.limits import DAY, LIMITS
from passwordless_otp.rate_limits.windows import MAX_COUNT, Bucket, bucket_for
from passwordless_otp.visitor import Group, Visitor

SHARES = [(1, 3), (1, 2), (2, 3)]  # what an address or /64, a /56 and a /48 can take of a shared limit
WIDER = [2, 4]  # times what a /64 may, for accounts made in a /56 and a /48
LEAST_SHARE = 2  # of any source, however low the limit
# Limit of wrong codes → scope of the counter that keeps codes long afterwards, and for how many seconds.
LASTING_ESCALATIONS = {
    "identifier_failures": ("identifier_escalated", 7 * DAY),
    "instance_failures": ("instance_escalated", DAY),
}


def with_shares(total: Bucket, sources: Sequence[str], factor: int = 1) -> list[Bucket]:
    """Return this bucket, and what each source may take of it, `factor` times as much in a trusted network.

    `sources` are the networks of a visitor, from small to large (`ip_addresses.sources`), or digests of them.
    """
    buckets = [total]
    for source, (part, whole) in zip(sources, SHARES, strict=False):
        share = max(total.limit * part * factor // whole, LEAST_SHARE * total.amount)
        limit = min(share, total.limit)
        buckets.append(
            Bucket(
                total.scope, total.subject, limit, total.seconds, total.track_only, total.amount, source=source
            )
        )
    return buckets


# Here and below `network_factors` is read before the call: each request comes this way, and most sites have none.
def _shared(settings: InstanceSettings, name: str, visitor: Visitor, *subject: str) -> list[Bucket]:
    """Return a limit of one identifier, with shares.

    They are no larger in a trusted network: of its many people, one has this identifier.
    """
    return with_shares(bucket_for(settings, name, *subject), ip_addresses.sources(visitor.ip))


def _per_source(
    settings: InstanceSettings, name: str, visitor: Visitor, group: Group, identifier: Sequence[str] | None
) -> Bucket:
    """Return the bucket of a limit per IP address. A browser of another group has one for its identifier."""
    if group and identifier:
        return bucket_for(settings, name, group, *identifier)
    bucket = bucket_for(settings, name, visitor.ip)
    if not settings.network_factors:
        return bucket
    factor = settings.share_factor(visitor.ip)
    return Bucket(name, bucket.subject, min(bucket.limit * factor, MAX_COUNT), bucket.seconds, bucket.track_only)


def asked_by(settings: InstanceSettings, visitor: Visitor, group: Group) -> dict[str, object]:
    """Return who asks for a message, as the worker has to know it to consume limits: IP addresses as digests."""
    sources = [keys.digest("source", source) for source in ip_addresses.sources(visitor.ip)]
    factor = settings.share_factor(visitor.ip) if settings.network_factors else 1
    return {"group": group.value, "sources": sources, "factor": factor}


def for_step(
    settings: InstanceSettings,
    visitor: Visitor,
    group: Group = Group.OTHERS,
    identifier: Sequence[str] | None = None,
) -> list[Bucket]:
    """Return what a step consumes that consumes nothing else.

    Of a browser that is known, `identifier` may be a digest, where nothing was typed.
    """
    return [_per_source(settings, "ip_steps", visitor, group, identifier)]


def for_flow(
    settings: InstanceSettings,
    visitor: Visitor,
    group: Group = Group.OTHERS,
    identifier: IdentifierValue | None = None,
) -> list[Bucket]:
    """Return what opening a flow consumes."""
    return [_per_source(settings, "ip_flows", visitor, group, identifier)]


def for_account(settings: InstanceSettings, visitor: Visitor) -> list[Bucket]:
    """Return what a new account consumes, of its address or /64 and of the /56 and /48 that hold it."""
    buckets = []
    for name in ["ip_sign_ups", "ip_sign_ups_per_day"]:
        own = _per_source(settings, name, visitor, Group.OTHERS, None)
        buckets.append(own)
        for network, times in zip(ip_addresses.sources(visitor.ip)[1:], WIDER, strict=False):
            number = min(own.limit * times, MAX_COUNT)
            buckets.append(Bucket(name, (), number, own.seconds, own.track_only, source=network))
    return buckets


def for_message(
    settings: InstanceSettings, visitor: Visitor, group: Group, identifier: IdentifierValue
) -> list[Bucket]:
    """Return what a message to `identifier` consumes."""
    channel = "sms" if identifier.kind.channel == "sms" else "emails"
    buckets = [_per_source(settings, f"ip_{channel}", visitor, group, identifier)]
    if channel == "sms":
        buckets.append(bucket_for(settings, "number_sms_per_day", *identifier))
    if group == Group.UNLOCKED:
        return [*buckets, bucket_for(settings, "unlocked_messages", *identifier)]
    if group == Group.RECOGNISED:
        names = [f"recognised_{channel}", f"recognised_{channel}_per_day"]
        return buckets + [bucket_for(settings, name, *identifier) for name in names]
    buckets += _shared(settings, f"identifier_{channel}", visitor, *identifier)
    buckets += _shared(settings, f"identifier_{channel}_per_day", visitor, *identifier)
    if channel == "emails" and (mailbox := counted_mailbox(identifier.value)) != identifier.value:
        buckets += _shared(settings, "mailbox_emails", visitor, mailbox)
        buckets += _shared(settings, "mailbox_emails_per_day", visitor, mailbox)
    return buckets


def for_unlock_email(settings: InstanceSettings, identifier: IdentifierValue) -> list[Bucket]:
    """Return what the email consumes that has only an unlock link, beyond every other limit of a step.

    The plain address of a mailbox has a count of its own, and all its other spellings have one.
    """
    mailbox = counted_mailbox(identifier.value)
    if mailbox == identifier.value:
        return [bucket_for(settings, "unlock_emails", *identifier)]
    return [bucket_for(settings, "unlock_emails", "mailbox", mailbox)]


def for_attempt(
    settings: InstanceSettings, visitor: Visitor, group: Group, identifier: IdentifierValue
) -> list[Bucket]:
    """Return what handing in a code consumes: the limit of the IP address, which refuses, and all failures."""
    buckets = [_per_source(settings, "ip_failures", visitor, group, identifier)]
    for total in failures(settings, group, identifier):
        if LIMITS[total.scope].shared:
            factor = settings.share_factor(visitor.ip) if settings.network_factors else 1
            buckets += with_shares(total, ip_addresses.sources(visitor.ip), factor)
        else:
            buckets.append(total)
    return buckets


def failures(settings: InstanceSettings, group: Group, identifier: IdentifierValue) -> list[Bucket]:
    """Return what counts wrong codes: those of an identifier, and of others those on the whole instance.

    They refuse nobody: codes grow. The share of a source of what the whole instance counts does refuse.
    """
    whose = (group, *identifier) if group else tuple(identifier)
    names = ["identifier_failures", "identifier_failures_per_day", "identifier_failures_per_month"]
    buckets = [bucket_for(settings, name, *whose, refuses=False) for name in names]
    if group:
        return buckets
    names = ["instance_failures", "instance_failures_per_day"]
    return buckets + [bucket_for(settings, name, refuses=False) for name in names]


def escalations(group: Group, identifier: IdentifierValue) -> dict[str, Bucket]:
    """Return what remembers that codes have grown, by the limit whose failures have made them grow."""
    whose = (group, *identifier) if group else tuple(identifier)
    subjects: dict[str, tuple[str, ...]] = {"identifier_failures": whose}
    if not group:
        subjects["instance_failures"] = ()
    buckets = {}
    for limit, subject in subjects.items():
        scope, seconds = LASTING_ESCALATIONS[limit]
        buckets[limit] = Bucket(scope, subject, MAX_COUNT, seconds)
    return buckets
