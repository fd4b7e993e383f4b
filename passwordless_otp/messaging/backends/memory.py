"""Keeps messages in this process, for tests: `memory.outbox`, the newest last."""

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Receipt

sent: list[Outgoing] = []


class MemoryBackend(Backend):
    """Append to `outbox`."""

    def send(self, message: Outgoing) -> Receipt:
        """Keep it."""
        sent.append(message)
        return Receipt(provider_id=f"memory-{message.id}")
