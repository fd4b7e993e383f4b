"""For the tests of sites and of delivery backends. Needs pytest, unlike the rest of the package.

What is named here is imported when it is first used: because of `pytest_plugin`, pytest imports this package in
every project that has the app installed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

pytest.register_assert_rewrite("passwordless_otp.testing.backends")  # before it is imported

if TYPE_CHECKING:
    from passwordless_otp.testing.backends import BackendConformance
    from passwordless_otp.testing.journeys import ApiJourney, PageJourney
    from passwordless_otp.testing.messages import Arrived
    from passwordless_otp.testing.parity import EnumerationParity
    from passwordless_otp.testing.provider import HTTPProvider

__all__ = ["ApiJourney", "Arrived", "BackendConformance", "EnumerationParity", "HTTPProvider", "PageJourney"]

MODULES = {
    "ApiJourney": "journeys",
    "Arrived": "messages",
    "BackendConformance": "backends",
    "EnumerationParity": "parity",
    "HTTPProvider": "provider",
    "PageJourney": "journeys",
}


def __getattr__(name: str) -> Any:
    """Import what a test asks for, and nothing else: a backend is tested without a site."""
    if name not in MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{MODULES[name]}"), name)
