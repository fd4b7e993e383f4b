"""Print messages instead of sending them, one line each. For development."""

import sys

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Receipt


class ConsoleBackend(Backend):
    """Print `[sms to +1…] 123456 is your …` to the standard output."""

    def send(self, message: Outgoing) -> Receipt:
        """Print the subject, or the first line of an SMS."""
        line = message.subject or message.text.splitlines()[0]
        sys.stdout.write(f"[{message.channel} to {message.to}] {line}\n")
        sys.stdout.flush()
        return Receipt()
