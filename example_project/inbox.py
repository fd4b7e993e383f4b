"""The inbox of the demo: the last messages that it has sent, in the memory of this process."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from passwordless_otp.messaging.backends.base import Outgoing, Receipt
from passwordless_otp.messaging.backends.console import ConsoleBackend

KEPT = 100  # messages


@dataclass(frozen=True)
class Received:
    """A message, and when it arrived."""

    message: Outgoing
    at: datetime


@dataclass
class Inbox:
    """Messages, the newest first. They contain codes, so it is closed until the demo command opens it."""

    received: deque[Received]
    open: bool = False


inbox = Inbox(deque(maxlen=KEPT))


class InboxBackend(ConsoleBackend):
    """The delivery backend of the demo: prints each message and adds it to the inbox."""

    def send(self, message: Outgoing) -> Receipt:
        """Add the message to the inbox, and print it."""
        inbox.received.appendleft(Received(message, timezone.now()))
        return super().send(message)
