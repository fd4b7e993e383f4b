"""Processes that deliver, beside a test: on its database, with a provider that takes notes into a folder."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

from django.db import connection

from passwordless_otp.models import Message
from tests import needs
from tests.demo.served import ROOT
from tests.visitor import ApiVisitor

PATIENCE = 60  # seconds, for whatever has to happen
LIFE = "120"  # seconds: a process ends by itself
CELERY = [
    "-m",
    "celery",
    "-A",
    "tests.messaging.celery_site:app",
    "worker",
    "--without-gossip",
    "--without-mingle",
]
PEERS = {"celery": ["celery", "redis"], "dramatiq": ["dramatiq"]}  # beside what the settings need
SITE = ["-m", "tests.messaging.site_process"]
DELIVER = ["manage.py", "otp_deliver"]


def environment(folder, **more):
    """The environment of a worker. It imports `tests.messaging.halting` with the settings' provider."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("COV_")},
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "tests.messaging.worker_settings",
        "SERVE_DATABASE": str(connection.settings_dict["NAME"]),
        "WORKER_FOLDER": str(folder),
        **more,
    }


@contextmanager
def running(folder, *command, log="log", **more):
    """A Python with these arguments, in a process group of its own that is gone afterwards."""
    needs.installed("django_tasks_db", "gunicorn", "huey", *PEERS.get(command[1], []))
    with (folder / log).open("w") as output:
        process = subprocess.Popen(
            ["timeout", "--foreground", "-s", "KILL", LIFE, sys.executable, *map(str, command)],
            cwd=ROOT,
            env=environment(folder, **more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        kill_group(process)
        process.wait()


def kill_group(process):
    """SIGKILL for the process and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def until(condition, folder=None):
    """Wait for something true, and return it."""
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        logs = [path.read_text()[-3000:] for path in folder.glob("log*")] if folder else ""
        assert time.monotonic() < end, logs
        time.sleep(0.05)
    return value


def until_halted(folder, step):
    """Wait until a worker halts at this step, and return its process id."""
    return int(
        until(lambda: (folder / f"halted-{step}").exists() and (folder / f"halted-{step}").read_text(), folder)
    )


def taken(folder):
    """The ids of the messages that the provider has taken."""
    path = folder / "taken"
    return path.read_text().split() if path.exists() else []


def ask(settings, number=1):
    """Messages of so many visitors, which wait for a worker."""
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    for index in range(number):
        ApiVisitor().sign_up(email_address=f"jane{index}@example.com", strategy="email_code")
    return list(Message.objects.all())


def dispatched(folder, messages, **more):
    """Let a process of the site dispatch these, to its end."""
    with running(folder, *SITE, *[message.pk for message in messages], log="log-site", **more) as process:
        assert process.wait(PATIENCE) == 0, (folder / "log-site").read_text()


def statuses():
    """The status of each message."""
    return sorted(Message.objects.values_list("status", flat=True))
