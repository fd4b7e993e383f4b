"""What the tests of the limits' rules get: a clock, and a site with its limits as they are shipped."""

import pytest

from tests.visitor import both_kinds
from tools.simulation.world import Clock


@pytest.fixture
def clock():
    """The time that the package sees. It stands still until it is told to tick."""
    clock = Clock()
    with clock.running():
        yield clock


@pytest.fixture
def site(clock, db):
    """A site that takes email addresses and phone numbers, at a time that stands still."""
    return both_kinds()
