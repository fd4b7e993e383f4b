"""A process that halts at a step of a delivery until it is killed or told to go on; a provider that takes notes.

The steps: `claim`, before a worker has the message; `send`, before the provider has it; `answer`, when the
provider has it and has not answered; `record`, when it has answered, before that is saved; `recorded`,
after that.
"""

import os
import time
from pathlib import Path

from django.db.backends.signals import connection_created

from passwordless_otp.messaging.backends import base

PATIENCE = 60  # seconds


class Provider(base.Backend):
    """Writes the ids that it takes into `taken`. For each line in `busy` it refuses one."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def send(self, message):
        halt(self.folder, "send")
        busy = self.folder / "busy"
        if busy.exists() and (lines := busy.read_text().splitlines()):
            busy.write_text("\n".join(lines[1:]))
            raise base.Unavailable("busy")
        with (self.folder / "taken").open("a") as taken:
            taken.write(f"{message.id}\n")
        halt(self.folder, "answer")
        return base.Receipt(provider_id=message.id)


def halt(folder, step):
    """Where a test has made `halt-STEP`, halt there, once: write down who does, and wait for `go`."""
    try:
        (folder / f"halt-{step}").rename(folder / f"halting-{step}")
    except FileNotFoundError:
        return
    (folder / "pid").write_text(str(os.getpid()))
    (folder / "pid").rename(folder / f"halted-{step}")
    end = time.monotonic() + PATIENCE
    while not (folder / "go").exists() and time.monotonic() < end:
        time.sleep(0.02)


def watch(folder):
    """Halt at the statements of a delivery, too."""

    def statement(execute, sql, params, many, context):
        ours = sql.lstrip().startswith('UPDATE "passwordless_otp_message"')
        if ours and "delivery_tries" in sql:
            halt(folder, "claim")
        recording = ours and "provider_id" in sql
        if recording:
            halt(folder, "record")
        done = execute(sql, params, many, context)
        if recording:
            halt(folder, "recorded")
        return done

    def add(connection, **_):
        if statement not in connection.execute_wrappers:
            connection.execute_wrappers.append(statement)

    connection_created.connect(add, weak=False)


if os.environ.get("WORKER_FOLDER"):
    watch(Path(os.environ["WORKER_FOLDER"]))
