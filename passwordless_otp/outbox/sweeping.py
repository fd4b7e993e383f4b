"""Find what was left behind: by a process that died, by a queue that was down, by a provider that was busy."""

from datetime import timedelta

from django.utils import timezone

from passwordless_otp.models import Message
from passwordless_otp.outbox import delivering

LOST = timedelta(minutes=1)  # a delivery takes less: who has claimed a message longer ago has died


def sweep() -> int:
    """Mark as unknown what a worker has left unfinished, and deliver what is due. Return how many were tried."""
    Message.objects.give_up(timezone.now() - LOST)
    due = list(Message.objects.due(timezone.now()).values_list("pk", flat=True))
    for message_id in due:
        delivering.deliver(message_id)
    return len(due)
