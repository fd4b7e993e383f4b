"""What the tests of the limits' rules get: a clock, and a site with its limits as they are shipped."""

import pytest

from tests.visitor import both_kinds


@pytest.fixture
def clock(whole_clock):
    """Limits are about whole days, so all of the package sees this time."""
    return whole_clock


@pytest.fixture
def site(clock, db):
    """A site that takes email addresses and phone numbers, at a time that stands still."""
    return both_kinds()
