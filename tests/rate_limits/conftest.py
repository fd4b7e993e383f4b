"""What the tests of the limits get."""

from types import SimpleNamespace

import pytest

from passwordless_otp.rate_limits import windows
from tests.rate_limits.buckets import HOUR


class Clock:
    """What time it is, in seconds since 1970."""

    def __init__(self):
        self.now = 500_000 * HOUR  # an hour begins

    def tick(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told to tick."""
    clock = Clock()
    monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: clock.now))
    return clock
