"""Keep messages in this process instead of sending them: `memory.sent`, newest last. For tests."""

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Receipt

sent: list[Outgoing] = []


class MemoryBackend(Backend):
    """Append each message to `sent`."""

    def send(self, message: Outgoing) -> Receipt:
        """Keep the message."""
        sent.append(message)
        return Receipt(provider_id=f"memory-{message.id}")
