"""Find what was lost: by a process that died, a queue that was down, a provider that could not be reached.

What is still pending is delivered. What was claimed over a minute ago and has no result may have been sent: it is
marked as unknown and not repeated, since an SMS would be paid for twice, and a visitor can ask for another code.
"""

import logging
from collections.abc import Iterable
from datetime import timedelta

from django.db import router
from django.db.models import Q
from django.utils import timezone

from passwordless_otp import tenants
from passwordless_otp.messaging import deliver
from passwordless_otp.models import Flow, Message

logger = logging.getLogger("passwordless_otp.messaging")

LOST = timedelta(minutes=1)  # a delivery takes less
BATCH = 1000  # jobs


def mark_unknown() -> int:
    """Mark messages that a process has claimed and never finished. Return how many there were."""
    lost = Message.objects.mark_unknown(timezone.now(), LOST)
    if lost:
        logger.error("%s messages were left unfinished: they may have been sent", lost)
    return lost


def due(limit: int) -> list[str]:
    """Return at most so many jobs: pending messages, oldest first, then sign-ins without their notices."""
    waiting = Message.objects.due(timezone.now()).values_list("pk", flat=True)[:limit]
    jobs = [str(pk) for pk in waiting]
    if len(jobs) < limit:
        flows = Flow.objects.filter(notice_due=True).order_by("pk").values_list("pk", flat=True)
        jobs += [deliver.SIGN_IN_JOB.format(pk) for pk in flows[: limit - len(jobs)]]
    using = router.db_for_write(Message)
    return [tenants.qualify(job, using) for job in jobs]


def messages_of(jobs: Iterable[str]) -> Q:
    """Return a filter for the messages of these jobs of one schema: those named, and the notices of sign-ins."""
    names = [tenants.split(job)[1].rpartition(":") for job in jobs]
    flows = [pk for kind, _, pk in names if kind == deliver.SIGN_IN]
    return Q(pk__in=[pk for kind, _, pk in names if not kind]) | Q(flow__in=flows)


def recover_all() -> int:
    """Mark what was left unfinished, then deliver what is due, one by one. Return how many jobs were tried."""
    mark_unknown()
    jobs = due(BATCH)
    for job in jobs:
        try:
            deliver.run_job(job)
        except Exception as error:  # the others are still delivered
            logger.error("job %s was not delivered: %s", job, type(error).__name__)
    return len(jobs)
