"""A site with Celery, for processes of their own."""

import os

from celery import Celery

from tests.messaging import docs_site

app = Celery("tests", broker=os.environ["REDIS_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_acks_late="WORKER_ACKS_LATE" in os.environ,
    task_reject_on_worker_lost="WORKER_ACKS_LATE" in os.environ,
    worker_prefetch_multiplier=1,
)
mysite = docs_site.load("celery")
