"""pytest once more, in a process of its own: for another site, or for tests that have to fail."""

import os
import subprocess
import sys

from tests.docs.blocks import ROOT

MINUTES = 5 * 60


def run(*arguments):
    """Run pytest with these arguments, and return the process, which has ended."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    usual = ["-q", "-n0", "-p", "no:cacheprovider"]
    return subprocess.run(
        [sys.executable, "-m", "pytest", *usual, *arguments],
        cwd=ROOT,
        env=kept,
        capture_output=True,
        text=True,
        timeout=MINUTES,
        check=False,
    )


def passes(*arguments):
    """Fail unless all of these tests pass."""
    done = run(*arguments)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
