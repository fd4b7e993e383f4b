"""A process of the site: it dispatches the messages whose ids it is given, and stays until they are delivered."""

import os
import sys

import django

django.setup()
if "REDIS_URL" in os.environ:
    import tests.messaging.celery_site  # noqa: F401

from passwordless_otp.messaging import dispatch, thread_pool  # noqa: E402
from passwordless_otp.models import Message  # noqa: E402

for pk in sys.argv[1:]:
    dispatch.submit(Message.objects.get(pk=pk))
thread_pool.drain(60)
