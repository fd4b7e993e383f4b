"""Flows a second of a server on 127.0.0.1: gunicorn with two sync workers, mail written to files."""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tools.site import databases, mail, visitors
from tools.site.visitors import ApiVisitor, NotSignedIn

WORKERS = 2
LONGEST = 600  # seconds after which a server stops by itself
WARM_UP = 2.0  # seconds


@dataclass(frozen=True)
class Load:
    """What a number of clients got done: flows a second, and the median milliseconds of a flow."""

    clients: int
    per_second: float
    milliseconds: float
    failures: int


@dataclass(frozen=True)
class Server:
    """A server that runs: its port, and the folder that its mail is written to."""

    port: int
    mail: Path

    def sign_in(self, email: str) -> float:
        """Sign in from a browser of its own and return how many milliseconds it took. Raises `NotSignedIn`."""
        visitor = ApiVisitor(email, visitors.OverHTTP(visitors.new_ip(), self.port))
        began = time.perf_counter()
        visitor.create()
        visitor.attempt(mail.read_code(self.mail, email))
        return 1000 * (time.perf_counter() - began)


@contextmanager
def served(database: str) -> Iterator[Server]:
    """Start a server of this database, and stop it in the end; `timeout` stops it if this process is killed."""
    with tempfile.TemporaryDirectory(prefix="passwordless_otp-mail-") as folder:
        gunicorn = [sys.executable, "-m", "gunicorn", "-w", str(WORKERS), "-b", "127.0.0.1:0", "--backlog", "512"]
        command = ["timeout", str(LONGEST), *gunicorn, "django.core.wsgi:get_wsgi_application()"]
        environment = databases.environment(database, mail=folder)
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            yield Server(_port_of(process), Path(folder))
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _port_of(process: "subprocess.Popen[str]") -> int:
    """Wait until the workers run and return the port. Raises `RuntimeError` if the server does not start."""
    assert process.stderr is not None
    log = ""
    while log.count("Booting worker") < WORKERS:
        line = process.stderr.readline()
        if not line:
            raise RuntimeError(f"gunicorn did not start:\n{log}")
        log += line
    found = re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log)
    assert found is not None
    return int(found[1])


class Emails:
    """Email addresses of users who have not signed in yet, each given out once."""

    def __init__(self, first: int, last: int) -> None:
        self._numbers, self._last = count(first), last

    def next(self) -> str | None:
        """Return the next address; `None` when all are given out. Threads may call this at once."""
        number = next(self._numbers)
        return visitors.email_of(number) if number < self._last else None


def load(server: Server, clients: int, seconds: float, emails: Emails) -> Load:
    """Let this number of clients sign in, one user after another, until the time is over."""
    began = time.perf_counter()

    def client(_number: int) -> tuple[list[float], int]:
        times, failures = [], 0
        while time.perf_counter() < began + seconds and (email := emails.next()):
            try:
                times.append(server.sign_in(email))
            except (NotSignedIn, OSError):
                failures += 1
        return times, failures

    with ThreadPoolExecutor(clients) as pool:
        results = list(pool.map(client, range(clients)))
    took = time.perf_counter() - began
    times = [each for done, _ in results for each in done]
    failures = sum(failed for _, failed in results)
    return Load(clients, len(times) / took, statistics.median(times or [0]), failures)
