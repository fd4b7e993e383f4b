"""For the tests of sites and of delivery backends. Needs pytest, unlike the rest of the package."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

pytest.register_assert_rewrite("passwordless_otp.testing.backends")  # before it is imported

from passwordless_otp.testing.backends import BackendConformance  # noqa: E402
from passwordless_otp.testing.messages import Arrived  # noqa: E402
from passwordless_otp.testing.provider import HTTPProvider  # noqa: E402

if TYPE_CHECKING:
    from passwordless_otp.testing.journeys import ApiJourney, PageJourney
    from passwordless_otp.testing.parity import EnumerationParity

__all__ = ["ApiJourney", "Arrived", "BackendConformance", "EnumerationParity", "HTTPProvider", "PageJourney"]

OF_A_SITE = {"ApiJourney": "journeys", "EnumerationParity": "parity", "PageJourney": "journeys"}


def __getattr__(name: str) -> Any:
    """Import what needs a site only when it is asked for: a backend is tested without one."""
    if name not in OF_A_SITE:
        raise AttributeError(name)
    return getattr(import_module(f"{__name__}.{OF_A_SITE[name]}"), name)
