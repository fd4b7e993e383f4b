"""Delivery reports on email, as Anymail receives and authenticates them.

A report moves its message's status forward. One that says that an address takes no more mail marks the identifier
for the operator, and a later delivery takes the mark away. Reports on the site's other mail are passed over.
"""

from typing import Any
from uuid import UUID

from django.utils import timezone

from passwordless_otp.models import Identifier, Message
from passwordless_otp.models.messages import MessageStatus

# Whoever complains of a message has got it. Events that are not listed decide nothing: queued, deferred, opened …
STATUSES = {
    "sent": MessageStatus.SENT,
    **dict.fromkeys(["delivered", "complained"], MessageStatus.DELIVERED),
    **dict.fromkeys(["bounced", "rejected", "failed"], MessageStatus.FAILED),
}
# Reasons that lie with the address and hold for the next message, too. That this one looked like spam is none.
LASTING = {"invalid", "bounced", "timed_out", "spam", "unsubscribed"}
PASSING = {"Transient", "Undetermined", "SoftBounce"}  # of Amazon SES and Postmark; Anymail calls all "bounced"
LONGEST = 200  # characters of a provider's id that a message holds


def connect() -> None:
    """Connect to Anymail's signal."""
    from anymail.signals import tracking

    tracking.connect(receive, dispatch_uid="passwordless_otp")


def receive(event: Any, **_more: Any) -> None:
    """Apply a report. One that is not about a message of ours, or can't be read, changes nothing."""
    kind = event.event_type
    status = STATUSES.get(kind) if isinstance(kind, str) else None
    message = _message(event) if status else None
    if status is None or message is None:
        return
    said = kind if status == MessageStatus.FAILED or kind == "complained" else ""
    moved = Message.objects.report(message.pk, status, _name(event) or message.provider_id, said)
    identifier = message.identifier
    identifiers = Identifier.objects.filter(kind=identifier.kind, value=identifier.value)
    if _came_back_for_good(event):
        identifiers.filter(undeliverable_at=None).update(undeliverable_at=timezone.now())
    elif moved and kind == "delivered":
        identifiers.exclude(undeliverable_at=None).update(undeliverable_at=None)


def _message(event: Any) -> Message | None:
    """Return the message, found by the id that travels with it or, without one, by the provider's id."""
    emails = Message.objects.filter(channel="email").select_related("verification")
    given = event.metadata.get("message") if isinstance(event.metadata, dict) else None
    if given:
        try:
            return emails.filter(pk=UUID(given)).first()
        except (AttributeError, TypeError, ValueError):
            return None
    name = _name(event)
    return emails.filter(provider_id=name).first() if name else None


def _name(event: Any) -> str:
    """Return the provider's id of the message; empty where it can't be one."""
    name = event.message_id
    return name[:LONGEST] if isinstance(name, str) and name.isprintable() else ""


def _came_back_for_good(event: Any) -> bool:
    if event.event_type == "complained":
        return True
    said = event.esp_event if isinstance(event.esp_event, dict) else {}
    bounce = said.get("bounce")
    detail = [said.get("Type"), bounce.get("bounceType") if isinstance(bounce, dict) else None]
    reason = event.reject_reason if isinstance(event.reject_reason, str) else ""
    passing = any(word in PASSING for word in detail if isinstance(word, str))
    return event.event_type in {"bounced", "rejected"} and reason in LASTING and not passing
