"""How long a code has to be: codes grow with the number of wrong ones, so that guessing does not pay.

Six digits are the rule. Escalation rules say from how many wrong codes on they are longer, for one identifier or
for the whole instance. Nobody is locked out: whoever gets the message can type the longer code
(NIST SP 800-63B-4 §3.2.2 asks for a limit on guesses). So a code never grows beyond what a provider can carry.
"""

from collections.abc import Mapping
from typing import NamedTuple

from passwordless_otp import codes
from passwordless_otp.models import InstanceSettings
from passwordless_otp.rate_limits.rules import LASTING_ESCALATIONS


class CodeFormat(NamedTuple):
    """How many characters a code has, of which alphabet. Of the three below, a greater one is harder to guess."""

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


def required_format(
    settings: InstanceSettings, totals: Mapping[str, int], recognised: bool, longest: int
) -> CodeFormat:
    """Return the format that a code must have, with these totals of wrong codes and escalations by scope.

    What the whole instance has seen does not concern a recognised browser. `longest` is `conf.longest_code` of
    the channel: the same for a message and for the attempt.
    """
    required = SHORT
    for rule in ESCALATION_RULES:
        if rule.limit in settings.tracked_only or (recognised and rule.scope == "instance"):
            continue
        escalated = rule.limit in LASTING_ESCALATIONS and totals.get(LASTING_ESCALATIONS[rule.limit][0], 0)
        if escalated or totals.get(rule.limit, 0) >= settings.numbers[rule.limit]:
            required = max(required, rule.code_format)
    return fitted(required, longest) if 0 < longest < required.length else required


def fitted(code_format: CodeFormat, longest: int) -> CodeFormat:
    """Return the format cut to `longest` characters (0: no bound), with the alphabet that is harder to guess.

    Letters and digits if that many are worth a `LONG` code, else digits, and never fewer than `SHORT` has.
    """
    if not 0 < longest < code_format.length:
        return code_format
    letters = CodeFormat(longest, codes.BASE32)
    return (
        letters
        if _combinations(letters) >= _combinations(LONG)
        else SHORT._replace(length=max(longest, SHORT.length))
    )


def _combinations(code_format: CodeFormat) -> int:
    return int(len(codes.ALPHABETS[code_format.alphabet]) ** code_format.length)


def triggered(settings: InstanceSettings, totals: Mapping[str, int]) -> list[EscalationRule]:
    """Return the escalation rules that the last failure has just triggered."""
    return [rule for rule in ESCALATION_RULES if totals.get(rule.limit) == settings.limit(rule.limit)]
