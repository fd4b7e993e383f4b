"""How long a code has to be: codes grow with the number of wrong ones, so that guessing does not pay.

Six digits are the rule. Escalation rules say from how many wrong codes on they are longer, for one identifier or
for the whole instance. Nobody is locked out: whoever gets the message can type the longer code
(NIST SP 800-63B-4 §3.2.2 asks for a limit on guesses).
"""

from collections.abc import Mapping
from typing import NamedTuple

from passwordless_otp import codes
from passwordless_otp.models import InstanceSettings
from passwordless_otp.rate_limits.rules import ESCALATIONS


class CodeFormat(NamedTuple):
    """How many characters a code has, and of which alphabet. A greater one is harder to guess."""

    length: int
    alphabet: str


SHORT, LONG, UNGUESSABLE = CodeFormat(6, codes.DIGITS), CodeFormat(8, codes.DIGITS), CodeFormat(13, codes.BASE32)


class EscalationRule(NamedTuple):
    """After as many wrong codes as the limit of this name says, codes use this format."""

    limit: str
    scope: str  # whose codes: "identifier" or "instance"; not the scope of a bucket, which is a limit's name
    code_format: CodeFormat


ESCALATION_RULES = [
    EscalationRule("identifier_failures_per_day", "identifier", UNGUESSABLE),
    EscalationRule("identifier_failures_per_month", "identifier", UNGUESSABLE),
    EscalationRule("identifier_failures", "identifier", LONG),
    EscalationRule("instance_failures", "instance", LONG),
    EscalationRule("instance_failures_per_day", "instance", LONG),
]


def required_format(settings: InstanceSettings, totals: Mapping[str, int], recognised: bool) -> CodeFormat:
    """Return the format that a code must have, with these totals of wrong codes and escalations by scope.

    What the whole instance has seen does not concern a recognised browser.
    """
    required = SHORT
    for rule in ESCALATION_RULES:
        if rule.limit in settings.tracked_only or (recognised and rule.scope == "instance"):
            continue
        escalated = rule.limit in ESCALATIONS and totals.get(ESCALATIONS[rule.limit][0], 0)
        if escalated or totals.get(rule.limit, 0) >= settings.numbers[rule.limit]:
            required = max(required, rule.code_format)
    return required


def triggered(settings: InstanceSettings, totals: Mapping[str, int]) -> list[EscalationRule]:
    """Return the escalation rules that the last failure has just triggered."""
    return [rule for rule in ESCALATION_RULES if totals[rule.limit] == settings.limit(rule.limit)]
