"""How long a worker takes to start, and which part of that is the package's own."""

import re
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass

from tools.site import databases

START = "import django; django.setup(); from tools.site import urls"
LINE = re.compile(r"^import time:\s+(\d+) \|\s+(\d+) \|\s+(\S+)$", re.M)  # own time, with imports; microseconds


@dataclass(frozen=True)
class Imports:
    """What a fresh process imports: modules of the package, its own milliseconds, and those of everything."""

    modules: int
    own: float
    everything: float


def measure(repeats: int) -> Imports:
    """Start this number of processes that set Django up and load the URLs, and return the medians."""
    with tempfile.TemporaryDirectory(prefix="passwordless_otp-") as folder:
        _measure(folder)  # compiles the modules
        runs = [_measure(folder) for _ in range(repeats)]
    return Imports(
        modules=max(run.modules for run in runs),
        own=statistics.median(run.own for run in runs),
        everything=statistics.median(run.everything for run in runs),
    )


def _measure(compiled: str) -> Imports:
    command = [sys.executable, "-X", "importtime", "-c", START]
    environment = {**databases.environment("sqlite://:memory:"), "PYTHONPYCACHEPREFIX": compiled}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=True)
    times = [(int(own), name) for own, _, name in LINE.findall(done.stderr)]
    own = [microseconds for microseconds, name in times if name.partition(".")[0] == "passwordless_otp"]
    return Imports(len(own), sum(own) / 1000, sum(microseconds for microseconds, _ in times) / 1000)
