"""Hand a saved message to whoever delivers it, as the setting DISPATCH says.

A message is saved in the transaction of its step and dispatched after the commit. Threads, task queues and a
site's own function get a job, which is one short string: the id of a message, or `sign_in:` and the id of a
sign-in whose user is to be notified, or `limit:` and the name of a limit of which operators are told; where
tenants have schemas of their own, the schema and a slash stand before it. A job holds no secret and no address,
so a queue may log and keep it. With "blocking" this process delivers before it answers: it saves the message as
claimed and reads nothing again. So it does in place of a thread where a transaction is open, as in a `TestCase`:
no thread would see the message there. A dispatcher that fails changes no answer: the message stays in the table,
where `recover` finds it.
"""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connections, router, transaction
from django.utils.module_loading import import_string

from passwordless_otp import conf, tenants
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.messaging import deliver, routes, security_notices, thread_pool
from passwordless_otp.models import Flow, Message, Verification
from passwordless_otp.models.messages import MessageStatus

logger = logging.getLogger("passwordless_otp.messaging")

FULL = 100  # percent of a limit: from here on, messages are suppressed


def save(message: Message) -> None:
    """Save a new message, inside the transaction of the step that wants it sent.

    It is pending, or claimed already where this process delivers it itself.
    """
    if message.status == MessageStatus.PENDING and conf.get("DISPATCH") == "blocking":
        message.mark_claimed()
    message.save(force_insert=True)


def submit(message: Message) -> None:
    """Have a message delivered that `save` has saved, after the commit.

    With "blocking", `message.verification` and its flow are used as they are, without reading them again.
    """
    _dispatch(str(message.pk), partial(deliver.deliver_saved, message))


def announce_sign_in(flow: Flow) -> None:
    """Have the security notices of this completed sign-in written and delivered, if any are due.

    With "blocking", the flow's user and verifications are used as they are, without reading them again.
    """
    if flow.notice_due:
        _dispatch(deliver.SIGN_IN_JOB.format(flow.pk), partial(deliver.deliver_security_notices, flow))


def announce_identifier(user: AbstractBaseUser, before: Sequence[IdentifierValue]) -> None:
    """Notify the identifiers that the user had `before` another one was added, once that is committed."""
    using = router.db_for_write(Message)
    submit_here = tenants.entered(tenants.current(using), using)(submit)  # the commit may come in another schema
    for message in security_notices.write_for_identifier(user, before):
        if message.status == MessageStatus.PENDING:
            transaction.on_commit(partial(submit_here, message), using=using, robust=True)


def announce_budget(limit: str, subject: tuple[str, ...], percent: int, **_: object) -> None:
    """Have operators told by mail that a limit or budget of the instance is used up (`budget_reached`).

    Each group of visitors has one of its own, and unlock links have one for proven and one for other addresses:
    that is all that the subject of such a limit names.
    """
    if percent >= FULL and subject[:1] in {(), ("group",), ("proven",), ("unproven",)}:
        _announce_limit(limit)


def announce_pause(country: str, **_: object) -> None:
    """Have operators told that a country is paused (`country_paused`)."""
    _announce_limit(f"sms_conversion,{country}")


def announce_escalation(limit: str, scope: str, **_: object) -> None:
    """Have operators told that the codes of the whole instance are longer (`code_format_escalated`)."""
    if scope == "instance":
        _announce_limit(limit)


def _announce_limit(name: str) -> None:
    if settings.ADMINS:
        job = deliver.LIMIT_JOB.format(name)
        _dispatch(job, partial(deliver.run_job, job))


def report_outcome(verification: Verification) -> None:
    """Have providers told that the code was used or never will be, where one of the channel's wants to know.

    Every message of the verification is handed over, also one that no provider has: the time that a queue takes
    must not tell who has an account. Newest first: a provider may hold two codes for one verification.
    """
    try:
        if not routes.wants_outcome(conf.chain(verification.identifier.kind.channel)):
            return
        jobs = [str(pk) for pk in verification.messages.order_by("-generation").values_list("pk", flat=True)]
    except Exception as error:  # it must not change the answer
        logger.error("verification %s was not reported: %s", verification.pk, type(error).__name__)
        return
    for job in jobs:
        _dispatch(job, partial(deliver.run_job, job))


def _dispatch(job: str, deliver_here: Callable[[], object]) -> None:
    """Give the job to the dispatcher; with "blocking", do it now. A failure is logged and changes no answer."""
    how = conf.get("DISPATCH")
    schema = getattr(connections[router.db_for_write(Message)], "schema_name", "")  # `tenants.current`, in line
    job = f"{schema}/{job}" if schema else job
    try:
        if how == "thread" and transaction.get_autocommit(router.db_for_write(Message)):
            thread_pool.submit(job)
        elif how in {"blocking", "thread"}:
            deliver_here()
        elif how == "tasks":
            from passwordless_otp.messaging import tasks  # not every site has a task queue

            tasks.deliver.enqueue(job)
        else:
            import_string(how)(job)
    except Exception as error:  # its text may hold the message, so only its class is logged
        logger.error("job %s was not dispatched: %s", job, type(error).__name__)
