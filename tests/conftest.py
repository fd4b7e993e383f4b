"""What every test gets, and the clocks of those that ask for one."""

from types import SimpleNamespace

import pytest
from django.core.signals import request_finished
from django.utils import translation

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import provider_health, settings_cache
from passwordless_otp.rate_limits import windows
from tests import needs
from tests.rate_limits.buckets import HOUR
from tools.simulation import world


def pytest_addoption(parser):
    parser.addoption("--slow-in", help="of the slow tests, run those below these paths only")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Leave out slow tests that were not asked for, and begin with the files that hold some: none is the last."""
    chosen = config.getoption("--slow-in")
    if chosen is not None:
        folders = [(config.rootpath / name).resolve(strict=True) for name in chosen.split()]
        left_out = [
            item
            for item in items
            if item.get_closest_marker("slow") and not {item.path, *item.path.parents}.intersection(folders)
        ]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_runtest_setup(item):
    """Skip what only PostgreSQL can show, where it is not there."""
    if item.get_closest_marker("postgres"):
        needs.postgresql()


@pytest.fixture(autouse=True)
def fresh_process():
    """Forget what this process remembers of an earlier test."""
    settings_cache.clear()
    provider_health.clear_memory()
    memory.sent.clear()
    request_finished.disconnect(
        dispatch_uid="passwordless_otp.follow_host"
    )  # connected where there are many hosts


@pytest.fixture(autouse=True)
def english():
    """Leave no language to the next test: a request activates one for its thread."""
    yield
    translation.activate("en")


class Clock:
    """What time it is, in seconds since 1970."""

    def __init__(self):
        self.now = 500_000 * HOUR  # an hour begins

    def tick(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """The time that limits see. It stands still until it is told to tick."""
    clock = Clock()
    monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: clock.now))
    return clock


@pytest.fixture
def whole_clock():
    """The time that all of the package sees. It stands still until it is told to tick."""
    clock = world.Clock()
    with clock.running():
        yield clock
