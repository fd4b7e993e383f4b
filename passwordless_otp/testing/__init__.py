"""For the tests of sites: what their own parts have to keep to. Needs pytest, which nothing else here does."""

import pytest

pytest.register_assert_rewrite("passwordless_otp.testing.backends")  # before it is imported

from passwordless_otp.testing.backends import BackendConformance  # noqa: E402
from passwordless_otp.testing.messages import Arrived  # noqa: E402
from passwordless_otp.testing.provider import HTTPProvider  # noqa: E402

__all__ = ["Arrived", "BackendConformance", "HTTPProvider"]
