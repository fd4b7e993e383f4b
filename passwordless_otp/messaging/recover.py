"""Find what was left behind: by a process that died, by a queue that was down, by a provider that was busy."""

import logging
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from passwordless_otp.messaging import deliver
from passwordless_otp.models import Flow, Message

logger = logging.getLogger("passwordless_otp.messaging")

LOST = timedelta(minutes=1)  # a delivery takes less: who has claimed a message longer ago has died


def mark_unknown() -> int:
    """Mark as unknown what a worker has left unfinished. Return how many there were."""
    lost = Message.objects.give_up(timezone.now() - LOST)
    if lost:
        logger.error("%s messages were left unfinished: they may have been sent", lost)
    return lost


def due(limit: int) -> list[UUID]:
    """Return the ids of what waits to be sent, the oldest first, and of sign-ins that nobody was told of."""
    waiting = Message.objects.due(timezone.now()).values_list("pk", flat=True)[:limit]
    untold = Flow.objects.filter(notice_due=True).order_by("pk").values_list("pk", flat=True)[:limit]
    return [*waiting, *untold][:limit]


def recover_all() -> int:
    """Mark what was left unfinished, and deliver what is due, one by one. Return how many were tried."""
    mark_unknown()
    found = due(1000)
    for message_id in found:
        try:
            deliver.deliver_message(message_id)
        except Exception as error:  # the others do not wait for it
            logger.error("message %s was not delivered: %s", message_id, type(error).__name__)
    return len(found)
