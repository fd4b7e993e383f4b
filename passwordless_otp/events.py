"""Events: each is one line in the log and one signal of the same name.

The log line carries its facts as `extra`, with identifiers masked; the signal carries objects and whole
identifiers. Neither ever contains a code. Call these functions after the commit and outside of any transaction: a
receiver may write to the database, and what it raises must not undo a step.
"""

import logging
from typing import Any

from django.http import HttpRequest

from passwordless_otp import signals
from passwordless_otp.identifiers import IdentifierValue, Kind, mask
from passwordless_otp.models import Flow, Message, Verification

logger = logging.getLogger("passwordless_otp.events")


def signed_up(request: HttpRequest, flow: Flow) -> None:
    """Report that `flow` has created a user."""
    facts = {"user": str(flow.user_id), "flow": flow.pk.hex}
    _send("signed_up", logging.INFO, facts, Flow, request=request, user=flow.user, flow=flow)


def signed_in(request: HttpRequest, flow: Flow) -> None:
    """Report a login, after a sign-in or a sign-up."""
    facts = {"user": str(flow.user_id), "flow": flow.pk.hex, "purpose": flow.purpose}
    _send("signed_in", logging.INFO, facts, Flow, request=request, user=flow.user, flow=flow)


def existing_user_linked(flow: Flow) -> None:
    """Report that `flow` has proven the address in a user's email field, and that it is their identifier now."""
    facts = {"user": str(flow.user_id), "flow": flow.pk.hex, "how": flow.details["linked"]}
    _send("existing_user_linked", logging.WARNING, facts, Flow, user=flow.user, flow=flow)


def code_sent(message: Message) -> None:
    """Report that a provider has accepted a message with a code."""
    facts = {
        "identifier": mask(message.identifier),
        "flow": message.verification.flow_id.hex if message.verification else "",
        "message_id": message.pk.hex,
        "kind": message.kind,
        "channel": message.channel,
        "provider": message.backend,
    }
    _send("code_sent", logging.INFO, facts, Message, message=message)


def code_rejected(request: HttpRequest, verification: Verification, ip: str) -> None:
    """Report a code that was compared and was wrong. `ip` stands in the log only."""
    facts = {
        "identifier": mask(verification.identifier),
        "flow": verification.flow_id.hex,
        "purpose": verification.flow.purpose,
        "tries": verification.tries,
        "max_tries": verification.max_tries,
        "ip": ip,
    }
    _send("code_rejected", logging.INFO, facts, Verification, request=request, verification=verification)


def limit_reached(limit: str, number: int, seconds: int, subject: tuple[str, ...], enforced: bool) -> None:
    """Report that more than `number` in `seconds` was asked for, and held back if the limit is enforced."""
    common = {"limit": limit, "number": number, "seconds": seconds, "enforced": enforced}
    facts = {**common, "subject": _shown_subject(subject)}
    _send("limit_reached", logging.WARNING, facts, None, **common, subject=subject)


def code_format_escalated(
    limit: str, scope: str, identifier: IdentifierValue, length: int, alphabet: str
) -> None:
    """Report that an escalation rule applies from now on, to an identifier, a browser or the instance."""
    about = None if scope == "instance" else identifier
    common = {"limit": limit, "scope": scope, "length": length, "alphabet": alphabet}
    facts = {**common, "identifier": mask(about) if about else ""}
    _send("code_format_escalated", logging.WARNING, facts, None, **common, identifier=about)


def budget_reached(limit: str, subject: tuple[str, ...], percent: int) -> None:
    """Report that `percent` of a limit or budget is used up; from 100 on, messages are suppressed."""
    facts = {"limit": limit, "subject": _shown_subject(subject), "percent": percent}
    _send("budget_reached", logging.WARNING, facts, Message, limit=limit, subject=subject, percent=percent)


def country_paused(country: str) -> None:
    """Report that the conversion breaker has paused a country."""
    _send("country_paused", logging.WARNING, {"country": country}, Message, country=country)


def sessions_ended(user: Any, notice: Message, complete: bool) -> None:
    """Report that a security notice was answered with “It was not me”. `complete`: all sessions have ended."""
    facts = {"user": str(user.pk), "message_id": notice.pk.hex, "complete": complete}
    _send("sessions_ended", logging.WARNING, facts, Message, user=user, complete=complete)


def _send(name: str, level: int, facts: dict[str, Any], sender: Any, **arguments: Any) -> None:
    text = " ".join(f"{key}={value}" for key, value in facts.items())
    logger.log(level, "%s %s", name, text, extra={"event": name, **facts})
    getattr(signals, name).send_robust(sender=sender, **arguments)


def _shown_subject(subject: tuple[str, ...]) -> str:
    """Return the subject of a limit as the log may show it: email addresses and phone numbers are masked."""
    return " ".join(_shown(part) for part in subject)


def _shown(part: str) -> str:
    if "@" in part:
        return mask(IdentifierValue(Kind.EMAIL_ADDRESS, part))
    return mask(IdentifierValue(Kind.PHONE_NUMBER, part)) if part.startswith("+") else part
