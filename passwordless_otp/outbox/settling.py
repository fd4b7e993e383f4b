"""Tell a provider what became of a code: some ask for it, or they take a code for a stolen one."""

import logging
from uuid import UUID

from passwordless_otp.models import Message
from passwordless_otp.models.messages import TAKEN
from passwordless_otp.models.verifications import VerificationStatus
from passwordless_otp.outbox import chains

logger = logging.getLogger("passwordless_otp.outbox")


def report(message_id: UUID | str) -> None:
    """Tell the provider that has taken this message, if it asks and there is something to tell."""
    message = Message.objects.whole().filter(pk=message_id, status__in=TAKEN).first()
    if message is None or message.verification is None or message.is_current:
        return
    providers = [provider for provider in chains.of(message.channel) if provider.name == message.backend]
    if not providers or not providers[0].asks:
        return
    used = message.verification.status in {VerificationStatus.VERIFIED, VerificationStatus.TRANSFERABLE}
    approved = used and message.generation == message.verification.generation
    try:
        providers[0].backend().settle(message.provider_id, approved)
    except Exception as error:
        logger.error("message %s was not settled with %s: %s", message.pk, message.backend, type(error).__name__)
