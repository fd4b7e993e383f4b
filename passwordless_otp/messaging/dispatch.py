"""Hand the id of a message to whoever delivers it: a thread of this process, a task queue, or nobody else.

Or the id of a sign-in: then the worker writes the notices, so that the sign-in itself costs no statement more.
"""

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from django.db import router, transaction
from django.utils.module_loading import import_string

from passwordless_otp import conf
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.messaging import deliver, routes, security_notices, thread_pool
from passwordless_otp.models import Flow, Message, Verification
from passwordless_otp.models.messages import MessageStatus

logger = logging.getLogger("passwordless_otp.messaging")


def submit(message: Message) -> None:
    """See to it that the message goes out. Whatever goes wrong here waits in the table, and tells nobody."""
    _hand_over(message.pk)


def announce_sign_in(flow: Flow) -> None:
    """See to it that the user is told of this sign-in, if she is to be: a worker writes the notices."""
    if flow.notice_due:
        _hand_over(flow.pk)


def announce_identifier(user: Any, before: Sequence[IdentifierValue]) -> None:
    """See to it that whoever held the user's identifiers `before` hears that one was added, once it is saved."""
    for message in security_notices.for_added_identifier(user, before):
        if message.status == MessageStatus.PENDING:
            send = partial(submit, message)
            transaction.on_commit(send, using=router.db_for_write(Message), robust=True)


def report_outcome(verification: Verification) -> None:
    """See to it that those providers who ask hear that the code was used, or never will be."""
    try:
        if any(provider.asks for provider in routes.providers_of(verification.identifier.kind.channel)):
            # Also those that no provider has: or the time that a queue takes would tell who has an account.
            for message in verification.messages.order_by("-generation"):  # it may hold two codes for one try
                submit(message)
    except Exception as error:
        logger.error("verification %s was not settled: %s", verification.pk, type(error).__name__)


def _hand_over(job: UUID) -> None:
    how = conf.get("DISPATCH")
    try:
        if how == "thread":
            thread_pool.submit(job)
        elif how == "blocking":
            deliver.deliver_message(job)
        elif how == "tasks":
            from passwordless_otp.messaging import tasks  # not every site has a task queue

            tasks.deliver.enqueue(str(job))
        else:
            import_string(how)(str(job))
    except Exception as error:
        logger.error("message %s was not dispatched: %s", job, type(error).__name__)
