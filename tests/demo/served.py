"""The demo in a process of its own, and a browser made of `curl` with a cookie jar."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import chain
from pathlib import Path

from tests import needs

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds, for whatever has to happen
# What runs in the background ignores Ctrl-C, and hands that on to what it starts.
AS_IN_A_TERMINAL = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def environment(**extra):
    """Return this process's environment without what the tests have put there."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DJANGO_", "COV_"))}
    return {**kept, **extra}


def form(fields):
    """Return the options of `curl` that post these fields as a form."""
    pairs = [["--data-urlencode", f"{name}={value}"] for name, value in fields.items()]
    return ["-X", "POST", *chain.from_iterable(pairs)]


class Demo:
    """`python manage.py demo` on a free port with a scratch database."""

    def __init__(self, folder, port=0):
        self.folder, self.port, self.process = folder, port, None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def start(self):
        """Start, and wait until it says where it is."""
        self.output = self.folder / f"output-{time.monotonic_ns()}"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", AS_IN_A_TERMINAL, "manage.py", "demo", "--port", str(self.port)],
                cwd=ROOT,
                env=environment(DEMO_DATABASE=str(self.folder / "demo.sqlite3")),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.origin = self.wait_for(r"demo of passwordless_otp is at (http://[0-9.]+:\d+)/")[-1]
        self.widen_limits()

    def widen_limits(self):
        """All tests come from one address: let them ask as often as they like."""
        with closing(sqlite3.connect(self.folder / "demo.sqlite3", timeout=20)) as database, database:
            of_ip = ["steps", "flows", "emails", "sms", "failures", "sign_ups", "sign_ups_per_day"]
            wide = {f"ip_{name}": 100_000 for name in of_ip}
            wide |= dict.fromkeys(["identifier_emails", "identifier_sms", "recognised_emails"], 100)
            wide |= dict.fromkeys(["sms_prefix", "sms_prefix_per_day", "sms_country", "sms_instance"], 100_000)
            wide |= {"sms_instance_per_day": 100_000, "sms_conversion": 0}
            changes = "UPDATE passwordless_otp_instancesettings SET limits = ?"
            database.execute(changes, [json.dumps(wide)])

    def end(self, by):
        """End it by this signal, and return its exit status."""
        self.process.send_signal(by)
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()

    def text(self):
        """Return what it has printed."""
        return self.output.read_text()

    def wait_for(self, pattern, times=1):
        """Return what the group in `pattern` matched, once it has been printed so often."""
        end = time.monotonic() + PATIENCE
        while len(found := re.findall(pattern, self.text())) < times:
            assert self.process.poll() is None, self.text()
            assert time.monotonic() < end, self.text()
            time.sleep(0.05)
        return found

    def code(self, address, times=1):
        """Return the newest code sent to this address, once there have been so many."""
        return self.wait_for(rf"\[\w+ to {re.escape(address)}\] (\d{{6}}) is your ", times)[-1]


class PageVisitor:
    """`curl` with a cookie jar, sending forms as a page would or JSON as a program would."""

    def __init__(self, origin, jar, body="form"):
        self.origin, self.jar, self.body, self.curl = origin, jar, body, needs.program("curl")

    def post(self, path, **fields):
        """Return status and JSON of a call of the API."""
        if self.body == "json":
            sent = ["-H", "Content-Type: application/json", "--data", json.dumps(fields)]
        else:
            sent = ["-H", f"Origin: {self.origin}", *form(fields)]
        return self.json(f"/auth/v1/{path}", *sent)

    def json(self, path, *options):
        """Return status and JSON."""
        status, text = self.get(path, *options)
        return status, json.loads(text)

    def get(self, path, *options):
        """Return status and text."""
        command = [self.curl, "-sS", "--max-time", "30", "-b", self.jar, "-c", self.jar, "-w", "\n%{http_code}"]
        done = subprocess.run(
            [*command, *options, self.origin + path], capture_output=True, text=True, check=True, timeout=PATIENCE
        )
        text, _, status = done.stdout.rpartition("\n")
        return int(status), text

    def cookies(self):
        """Return the cookies by name."""
        lines = [line.split("\t") for line in Path(self.jar).read_text().splitlines()]
        return {line[5]: line[6] for line in lines if len(line) == 7}  # the Netscape format
