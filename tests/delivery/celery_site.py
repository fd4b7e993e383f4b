"""A site with Celery, for processes of their own: the task is the one in the docs."""

import os
import sys
from types import ModuleType

import django
from celery import Celery

from tests.docs.blocks import ROOT, blocks

app = Celery("tests", broker=os.environ["REDIS_URL"])
app.conf.update(
    broker_connection_retry_on_startup=True,
    task_acks_late="WORKER_ACKS_LATE" in os.environ,
    task_reject_on_worker_lost="WORKER_ACKS_LATE" in os.environ,
    worker_prefetch_multiplier=1,
)
mysite = ModuleType("mysite")
sys.modules["mysite"] = mysite

django.setup()
[block] = [block for block in blocks(ROOT / "docs/queues.md", "python") if "celery" in block.text]
exec(compile(block.text, "queues.md", "exec"), vars(mysite))
