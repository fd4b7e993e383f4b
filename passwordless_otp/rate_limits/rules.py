"""What each step counts for: which limits, whose."""

from passwordless_otp.identifiers import IdentifierValue, mailbox
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.instance_settings.limits import DAY
from passwordless_otp.rate_limits.windows import MAX_COUNT, Bucket, bucket_for
from passwordless_otp.visitor import Visitor

ESCALATED_SECONDS = {"identifier": 7 * DAY, "instance": DAY}  # seconds that codes stay long, once they have grown


def for_flow(visitor: Visitor, settings: InstanceSettings) -> list[Bucket]:
    """Return what opening a flow counts for."""
    return [bucket_for(settings, "ip_flows", visitor.ip)]


def for_message(
    identifier: IdentifierValue, visitor: Visitor, recognised: bool, settings: InstanceSettings
) -> list[Bucket]:
    """Return what a message to `address` counts for. A recognised browser receipts no bucket with strangers."""
    sms = identifier.kind.channel == "sms"
    costs = [bucket_for(settings, "ip_messages", visitor.ip)]
    if sms:
        costs.append(bucket_for(settings, "ip_sms", visitor.ip))
    if recognised:
        return [*costs, bucket_for(settings, "recognised_messages", *identifier, visitor.client)]
    costs += [
        bucket_for(settings, "identifier_messages", *identifier),
        bucket_for(settings, "identifier_ip_messages", *identifier, visitor.ip),
        bucket_for(settings, "identifier_sms" if sms else "identifier_emails", *identifier),
    ]
    if sms:
        return costs
    return [
        *costs,
        bucket_for(settings, "mailbox_messages", mailbox(identifier.value)),
        bucket_for(settings, "instance_emails"),
    ]


def for_attempt(
    identifier: IdentifierValue, visitor: Visitor, recognised: bool, settings: InstanceSettings
) -> list[Bucket]:
    """Return what a wrong code counts for. All but the IP address's only make codes grow, and refuse nobody."""
    whose = _whose(identifier, visitor, recognised)
    return [
        bucket_for(settings, "ip_failures", visitor.ip),
        bucket_for(settings, "identifier_failures", *whose, refuses=False),
        bucket_for(settings, "identifier_failures_per_day", *whose, refuses=False),
        failures_per_month(identifier, visitor, recognised, settings),
        bucket_for(settings, "instance_failures", refuses=False),
        bucket_for(settings, "instance_failures_per_day", refuses=False),
    ]


def failures_per_month(
    identifier: IdentifierValue, visitor: Visitor, recognised: bool, settings: InstanceSettings
) -> Bucket:
    """Return what counts the wrong codes since the last right one."""
    return bucket_for(
        settings, "identifier_failures_per_month", *_whose(identifier, visitor, recognised), refuses=False
    )


def for_escalation(identifier: IdentifierValue, visitor: Visitor, recognised: bool) -> list[Bucket]:
    """Return what remembers that codes have grown: for this identifier, for the whole instance."""
    whose = _whose(identifier, visitor, recognised)
    return [
        Bucket("identifier_escalated", whose, MAX_COUNT, ESCALATED_SECONDS["identifier"]),
        Bucket("instance_escalated", (), MAX_COUNT, ESCALATED_SECONDS["instance"]),
    ]


def _whose(identifier: IdentifierValue, visitor: Visitor, recognised: bool) -> tuple[str, ...]:
    return (*identifier, visitor.client) if recognised else tuple(identifier)
