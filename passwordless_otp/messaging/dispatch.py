"""Hand a saved message to whoever delivers it, as the setting DISPATCH says.

A message is saved in the transaction of its step and dispatched after the commit. Threads, task queues and a
site's own function get a job, which is one short string: the id of a message, or `sign_in:` and the id of a
sign-in whose user is to be notified. A job holds no secret and no address, so a queue may log and keep it. With
"blocking" this process delivers before it answers: it saves the message as claimed and reads nothing again. A
dispatcher that fails changes no answer: the message stays in the table, where `recover` finds it.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from django.contrib.auth.models import AbstractBaseUser
from django.db import router, transaction
from django.utils.module_loading import import_string

from passwordless_otp import conf
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.messaging import deliver, routes, security_notices, thread_pool
from passwordless_otp.models import Flow, Message, Verification
from passwordless_otp.models.messages import MessageStatus

logger = logging.getLogger("passwordless_otp.messaging")


def save(message: Message) -> None:
    """Save a new message, inside the transaction of the step that wants it sent.

    It is pending, or claimed already where this process delivers it itself.
    """
    if message.status == MessageStatus.PENDING and _is_blocking():
        message.mark_claimed()
    message.save(force_insert=True)


def submit(message: Message) -> None:
    """Have a message delivered that `save` has saved, after the commit.

    With "blocking", `message.verification` and its flow are used as they are, without reading them again.
    """
    job = str(message.pk)
    with _failure_logged(f"job {job}"):
        if _is_blocking():
            deliver.deliver_saved(message)
        else:
            _enqueue(job)


def announce_sign_in(flow: Flow) -> None:
    """Have the security notices of this completed sign-in written and delivered, if any are due.

    With "blocking", the flow's user and verifications are used as they are, without reading them again.
    """
    if not flow.notice_due:
        return
    job = deliver.SIGN_IN_JOB.format(flow.pk)
    with _failure_logged(f"job {job}"):
        if _is_blocking():
            deliver.deliver_security_notices(flow)
        else:
            _enqueue(job)


def announce_identifier(user: AbstractBaseUser, before: Sequence[IdentifierValue]) -> None:
    """Notify the identifiers that the user had `before` another one was added, once that is committed."""
    for message in security_notices.write_for_identifier(user, before):
        if message.status == MessageStatus.PENDING:
            transaction.on_commit(partial(submit, message), using=router.db_for_write(Message), robust=True)


def report_outcome(verification: Verification) -> None:
    """Have providers told that the code was used or never will be, where one of the channel's wants to know.

    Every message of the verification is handed over, also one that no provider has: the time that a queue takes
    must not tell who has an account. Newest first: a provider may hold two codes for one verification.
    """
    with _failure_logged(f"the outcome of verification {verification.pk}"):
        providers = routes.providers_of(verification.identifier.kind.channel)
        if not any(provider.reports_outcome for provider in providers):
            return
        for pk in verification.messages.order_by("-generation").values_list("pk", flat=True):
            job = str(pk)
            with _failure_logged(f"job {job}"):
                deliver.deliver_message(job) if _is_blocking() else _enqueue(job)


def _is_blocking() -> bool:
    return bool(conf.get("DISPATCH") == "blocking")


def _enqueue(job: str) -> None:
    how = conf.get("DISPATCH")
    if how == "thread":
        thread_pool.submit(job)
    elif how == "tasks":
        from passwordless_otp.messaging import tasks  # not every site has a task queue

        tasks.deliver.enqueue(job)
    else:
        import_string(how)(job)


@contextmanager
def _failure_logged(what: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # its text may hold the message, so only its class is logged
        logger.error("%s was not dispatched: %s", what, type(error).__name__)
