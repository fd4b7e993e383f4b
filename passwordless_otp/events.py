"""What happened: a line in the log with its facts as `extra`, and a signal of the same name to the site.

Call these after the commit and outside of any transaction. No rule of ours hangs on a receiver: it may raise, it
may write. Never a code; identifiers are masked in the log, and whole in the signals.
"""

import logging
from typing import Any

from django.http import HttpRequest

from passwordless_otp import signals
from passwordless_otp.identifiers import IdentifierValue, Kind, mask
from passwordless_otp.models import Flow, Message, Verification

logger = logging.getLogger("passwordless_otp.events")


def signed_up(request: HttpRequest, flow: Flow) -> None:
    """Somebody has made an account."""
    facts = {"user": str(flow.user_id), "flow": flow.pk.hex}
    _tell("signed_up", logging.INFO, facts, Flow, request=request, user=flow.user, flow=flow)


def signed_in(request: HttpRequest, flow: Flow) -> None:
    """Somebody was logged in, after a sign-in or a sign-up."""
    facts = {"user": str(flow.user_id), "flow": flow.pk.hex, "purpose": flow.purpose}
    _tell("signed_in", logging.INFO, facts, Flow, request=request, user=flow.user, flow=flow)


def code_sent(message: Message) -> None:
    """A provider has taken a message with a code."""
    facts = {
        "identifier": mask(message.identifier),
        "flow": message.verification.flow_id.hex if message.verification else "",
        "message_id": message.pk.hex,
        "kind": message.kind,
        "channel": message.channel,
        "provider": message.backend,
    }
    _tell("code_sent", logging.INFO, facts, Message, message=message)


def code_rejected(request: HttpRequest, verification: Verification, ip: str) -> None:
    """A code was compared, and wrong."""
    facts = {
        "identifier": mask(verification.identifier),
        "flow": verification.flow_id.hex,
        "purpose": verification.flow.purpose,
        "tries": verification.tries,
        "max_tries": verification.max_tries,
        "ip": ip,
    }
    _tell("code_rejected", logging.INFO, facts, Verification, request=request, verification=verification)


def limit_reached(limit: str, number: int, seconds: int, subject: tuple[str, ...], enforced: bool) -> None:
    """One more than `number` in `seconds` was asked for, and refused if this limit is enforced."""
    said = {"limit": limit, "number": number, "seconds": seconds, "enforced": enforced}
    shown = " ".join(_shown(part) for part in subject)
    _tell("limit_reached", logging.WARNING, {**said, "subject": shown}, None, **said, subject=subject)


def code_format_escalated(
    limit: str, scope: str, identifier: IdentifierValue, length: int, alphabet: str
) -> None:
    """So many codes were wrong that the next ones are longer: for an identifier, a browser, or the instance."""
    about = None if scope == "instance" else identifier
    said = {"limit": limit, "scope": scope, "length": length, "alphabet": alphabet}
    facts = {**said, "identifier": mask(about) if about else ""}
    _tell("code_format_escalated", logging.WARNING, facts, None, **said, identifier=about)


def budget_reached(scope: str, subject: tuple[str, ...], percent: int) -> None:
    """So much of a limit or budget of SMS is used up; from 100 on messages are held back."""
    facts = {"scope": scope, "subject": " ".join(_shown(part) for part in subject), "percent": percent}
    _tell("budget_reached", logging.WARNING, facts, Message, scope=scope, subject=subject, percent=percent)


def country_paused(country: str) -> None:
    """Next to nobody in this country types the codes that are sent there."""
    _tell("country_paused", logging.WARNING, {"country": country}, Message, country=country)


def sessions_ended(user: Any, notice: Message, complete: bool) -> None:
    """Somebody has answered a notice with "It was not me". A user with a password keeps her sessions."""
    facts = {"user": str(user.pk), "message_id": notice.pk.hex, "complete": complete}
    _tell("sessions_ended", logging.WARNING, facts, Message, user=user, complete=complete)


def _tell(name: str, level: int, facts: dict[str, Any], sender: Any, **said: Any) -> None:
    text = " ".join(f"{key}={value}" for key, value in facts.items())
    logger.log(level, "%s %s", name, text, extra={"event": name, **facts})
    getattr(signals, name).send_robust(sender=sender, **said)


def _shown(part: str) -> str:
    """Return what a log may hold of what a limit is counted by."""
    if "@" in part:
        return mask(IdentifierValue(Kind.EMAIL_ADDRESS, part))
    return mask(IdentifierValue(Kind.PHONE_NUMBER, part)) if part.startswith("+") else part
