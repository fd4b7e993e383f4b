"""Settings of processes that tests start: with a provider that takes notes, and halts where a test wants it."""

import os
from pathlib import Path

from huey import MemoryHuey

from tests.messaging import halting  # noqa: F401
from tests.messaging.worker_packages import BUILT_IN
from tests.settings import *  # noqa: F403

FOLDER = Path(os.environ["WORKER_FOLDER"])

INSTALLED_APPS = [*INSTALLED_APPS, *([] if BUILT_IN else ["django_tasks"]), "django_tasks_db"]  # noqa: F405
if "WORKER_NAIVE" in os.environ:
    INSTALLED_APPS += ["tests.messaging.naive.Naive"]
HUEY = MemoryHuey()
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
PROVIDER = {"BACKEND": "tests.messaging.halting.Provider", "OPTIONS": {"folder": str(FOLDER)}}
PASSWORDLESS_OTP = {
    "DELIVERY": {"email": [PROVIDER], "sms": [PROVIDER]},
    "DISPATCH": os.environ.get("WORKER_DISPATCH", "thread"),
    "PUBLIC_URL": "https://example.com",
}
