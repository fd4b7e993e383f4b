"""Which step consumes what: the buckets of each step, by whom they count, and what a success refunds.

A step of a sign-in or sign-up consumes its buckets before it changes anything. A browser that its user has
signed in with before (a recognised browser) shares no bucket of an identifier with anybody else, so a stranger
who uses one up does not keep its user out. `models.instance_settings.limits` has the number of each limit.
"""

from passwordless_otp.identifiers import IdentifierValue, mailbox
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.limits import DAY
from passwordless_otp.rate_limits.windows import MAX_COUNT, Bucket, bucket_for
from passwordless_otp.visitor import Visitor

# What a success refunds: what several people share, or what counts wrong codes. So a school behind one IP address
# is not shut out. Messages to one identifier stay counted: a success must not clear the way for a stranger.
REFUNDED = {
    "identifier_failures",
    "identifier_failures_per_day",
    "identifier_failures_per_month",
    "instance_emails",
    "instance_failures",
    "instance_failures_per_day",
    "ip_failures",
    "ip_flows",
    "ip_messages",
    "ip_sms",
}
# What counts failures → what remembers for how many seconds that codes have grown.
ESCALATIONS = {
    "identifier_failures": ("identifier_escalated", 7 * DAY),
    "instance_failures": ("instance_escalated", DAY),
}


def for_flow(settings: InstanceSettings, visitor: Visitor) -> list[Bucket]:
    """Return what opening a flow consumes."""
    return [bucket_for(settings, "ip_flows", visitor.ip)]


def for_message(
    settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue, recognised: bool
) -> list[Bucket]:
    """Return what a message to `identifier` consumes."""
    sms = identifier.kind.channel == "sms"
    buckets = [bucket_for(settings, "ip_messages", visitor.ip)]
    if sms:
        buckets.append(bucket_for(settings, "ip_sms", visitor.ip))
    if recognised:
        return [*buckets, bucket_for(settings, "recognised_messages", *identifier, visitor.client)]
    buckets += [
        bucket_for(settings, "identifier_messages", *identifier),
        bucket_for(settings, "identifier_ip_messages", *identifier, visitor.ip),
        bucket_for(settings, "identifier_sms" if sms else "identifier_emails", *identifier),
    ]
    if sms:
        return buckets
    return [
        *buckets,
        bucket_for(settings, "mailbox_messages", mailbox(identifier.value)),
        bucket_for(settings, "instance_emails"),
    ]


def for_attempt(
    settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue, recognised: bool
) -> list[Bucket]:
    """Return what handing in a code consumes: the limit of the IP address, which refuses, and all failures."""
    return [
        bucket_for(settings, "ip_failures", visitor.ip),
        *failures(settings, visitor, identifier, recognised),
    ]


def failures(
    settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue, recognised: bool
) -> list[Bucket]:
    """Return what counts the wrong codes of an identifier and of the instance. They refuse nobody: codes grow."""
    whose = (*identifier, visitor.client) if recognised else identifier
    return [
        bucket_for(settings, "identifier_failures", *whose, refuses=False),
        bucket_for(settings, "identifier_failures_per_day", *whose, refuses=False),
        bucket_for(settings, "identifier_failures_per_month", *whose, refuses=False),
        bucket_for(settings, "instance_failures", refuses=False),
        bucket_for(settings, "instance_failures_per_day", refuses=False),
    ]


def escalations(visitor: Visitor, identifier: IdentifierValue, recognised: bool) -> dict[str, Bucket]:
    """Return what remembers that codes have grown, by the limit whose failures have made them grow."""
    whose = (*identifier, visitor.client) if recognised else tuple(identifier)
    subjects: dict[str, tuple[str, ...]] = {"identifier_failures": whose, "instance_failures": ()}
    buckets = {}
    for limit, (scope, seconds) in ESCALATIONS.items():
        buckets[limit] = Bucket(scope, subjects[limit], MAX_COUNT, seconds)
    return buckets
