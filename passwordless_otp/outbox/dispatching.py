"""Hand the id of a message to whoever delivers it: a thread of this process, a task queue, or nobody else."""

import logging

from django.utils.module_loading import import_string

from passwordless_otp import conf
from passwordless_otp.models import Message, Verification
from passwordless_otp.outbox import chains, delivering, pool

logger = logging.getLogger("passwordless_otp.outbox")


def dispatch(message: Message) -> None:
    """See to it that the message goes out. Whatever goes wrong here waits in the table, and tells nobody."""
    how = conf.get("DISPATCH")
    try:
        if how == "thread":
            pool.submit(message.pk)
        elif how == "blocking":
            delivering.deliver(message.pk)
        elif how == "tasks":
            from passwordless_otp.outbox import tasks  # not every site has a task queue

            tasks.deliver.enqueue(str(message.pk))
        else:
            import_string(how)(str(message.pk))
    except Exception as error:
        logger.error("message %s was not dispatched: %s", message.pk, type(error).__name__)


def settle(verification: Verification) -> None:
    """See to it that those providers who ask hear that the code was used, or never will be."""
    try:
        if any(provider.asks for provider in chains.of(verification.address.kind.channel)):
            # Also those that no provider has: or the time that a queue takes would tell who has an account.
            for message in verification.messages.order_by("-generation"):  # it may hold two codes for one try
                dispatch(message)
    except Exception as error:
        logger.error("verification %s was not settled: %s", verification.pk, type(error).__name__)
