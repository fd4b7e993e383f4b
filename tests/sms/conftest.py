"""What the tests of SMS get."""

import pytest

from passwordless_otp import signals
from tests.visitor import both_kinds


@pytest.fixture
def phone(transactional_db):
    """A site that takes phone numbers, with the limits as they are shipped."""
    return both_kinds()


@pytest.fixture
def told():
    """What the site's receivers are told: (limit or country, percent)."""
    heard = []

    def hear(signal, **said):
        heard.append((said.get("limit") or said["country"], said.get("percent")))

    for signal in [signals.budget_reached, signals.country_paused]:
        signal.connect(hear)
    yield heard
    for signal in [signals.budget_reached, signals.country_paused]:
        signal.disconnect(hear)
