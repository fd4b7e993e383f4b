"""The real django-axes hears of wrong codes, in a process of its own: its tables are in no other site here."""

import os
import subprocess
import sys

from tests.docs.blocks import ROOT


def test_axes_counts_wrong_codes_and_its_lock_out_is_no_answer_of_ours():
    command = [sys.executable, "-m", "pytest", "tests/attacks/axes_cases.py", "-q", "--ds=tests.sites.with_axes"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COV_", "PYTEST_"))}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-p", "no:xdist"],
        cwd=ROOT, env=kept, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
