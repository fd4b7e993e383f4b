"""How long a code has to be: it grows with the wrong ones, so that guessing never pays."""

from typing import NamedTuple

from passwordless_otp import codes
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import InstanceSettings
from passwordless_otp.rate_limits import rules, windows
from passwordless_otp.visitor import Visitor


class CodeFormat(NamedTuple):
    """What a code looks like."""

    length: int
    alphabet: str


SHORT, LONG, UNGUESSABLE = CodeFormat(6, codes.DIGITS), CodeFormat(8, codes.DIGITS), CodeFormat(13, codes.BASE32)


class EscalationRule(NamedTuple):
    """From as many wrong codes on as this limit says, codes look like this."""

    limit: str
    scope: str
    shape: CodeFormat


ESCALATION_RULES = [
    EscalationRule("identifier_failures_per_day", "identifier", UNGUESSABLE),
    EscalationRule("identifier_failures_per_month", "identifier", UNGUESSABLE),
    EscalationRule("identifier_failures", "identifier", LONG),
    EscalationRule("instance_failures", "instance", LONG),
    EscalationRule("instance_failures_per_day", "instance", LONG),
]
# What remembers that codes have grown → the limit that has made them grow.
ESCALATED = {"identifier_escalated": "identifier_failures", "instance_escalated": "instance_failures"}


def current_format(
    identifier: IdentifierValue, visitor: Visitor, recognised: bool, settings: InstanceSettings
) -> CodeFormat:
    """Return what a code for `address` has to look like now."""
    tries = rules.for_attempt(identifier, visitor, recognised, settings)[1:]
    held = rules.for_escalation(identifier, visitor, recognised)
    numbers = windows.totals(*tries, *held)
    counted = {each.scope: number for each, number in zip([*tries, *held], numbers, strict=True)}
    return format_after(counted, recognised, settings)


def format_after(counted: dict[str, int], recognised: bool, settings: InstanceSettings) -> CodeFormat:
    """Return what a code has to look like, with so many wrong ones counted."""
    asked = [SHORT]
    for tier in ESCALATION_RULES:
        enforced = tier.limit not in settings.tracked_only
        if enforced and counted.get(tier.limit, 0) >= settings.limit(tier.limit):
            asked.append(tier.shape if tier.scope == "identifier" or not recognised else SHORT)
    for scope, limit in ESCALATED.items():
        held = counted.get(scope) and limit not in settings.tracked_only
        if held and (scope == "identifier_escalated" or not recognised):
            asked.append(LONG)
    return max(asked)


def triggered(counted: dict[str, int], settings: InstanceSettings) -> list[EscalationRule]:
    """Return what the last of so many wrong codes has reached."""
    return [tier for tier in ESCALATION_RULES if counted[tier.limit] == settings.limit(tier.limit)]
