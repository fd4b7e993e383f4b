"""For the tests of sites: rules for the parts that they write themselves. Nothing else here needs pytest."""

from typing import TYPE_CHECKING, Any

import pytest

pytest.register_assert_rewrite("passwordless_otp.testing.backends")  # before it is imported

from passwordless_otp.testing.backends import BackendConformance  # noqa: E402
from passwordless_otp.testing.messages import Arrived  # noqa: E402
from passwordless_otp.testing.provider import HTTPProvider  # noqa: E402

if TYPE_CHECKING:
    from passwordless_otp.testing.parity import EnumerationParity

__all__ = ["Arrived", "BackendConformance", "EnumerationParity", "HTTPProvider"]


def __getattr__(name: str) -> Any:
    """Import the one part that needs a site when it is asked for: a backend is tested without one."""
    if name != "EnumerationParity":
        raise AttributeError(name)
    from passwordless_otp.testing.parity import EnumerationParity

    return EnumerationParity
