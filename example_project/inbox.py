"""A phone and a mailbox for everybody: what the demo has sent, kept in this process."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from passwordless_otp.messaging.backends.base import Outgoing, Receipt
from passwordless_otp.messaging.backends.console import ConsoleBackend

KEPT = 100  # messages


@dataclass(frozen=True)
class Received:
    """A message as it arrived."""

    message: Outgoing
    at: datetime


@dataclass
class Inbox:
    """What has arrived, the newest first. Closed until the demo command opens it: it shows everybody's codes."""

    received: deque[Received]
    open: bool = False


inbox = Inbox(deque(maxlen=KEPT))


class InboxBackend(ConsoleBackend):
    """Print the message, and keep it for the page that shows it."""

    def send(self, message: Outgoing) -> Receipt:
        """Deliver to the terminal and to the inbox."""
        inbox.received.appendleft(Received(message, timezone.now()))
        return super().send(message)
