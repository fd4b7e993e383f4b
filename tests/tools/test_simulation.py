"""The bounds of the simulated attacks, on a few hours and visitors each."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


def simulate(*options):
    """Return the exit code of `python -m tools.simulation`, and the lines of broken bounds."""
    command = [sys.executable, "-m", "tools.simulation", "--small", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, [line.strip() for line in done.stdout.splitlines() if "BROKEN" in line]


def test_every_bound_holds():
    assert simulate() == (0, [])


def test_bounds_break_where_one_source_may_take_a_whole_limit():
    code, broken = simulate("--without-shares", "--only", "tags", "one_address")
    assert code == 1
    assert any("emails to the owner that strangers have asked for" in line for line in broken)
    assert any("the owner in a new browser, without the link: refused" in line for line in broken)
