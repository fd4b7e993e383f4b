"""The kit for sites, on this site."""

import pytest

from passwordless_otp.testing import EnumerationParity
from passwordless_otp.testing.parity import BOTH


class TestParity(EnumerationParity):
    kinds = ["email_address", pytest.param("phone_number", marks=pytest.mark.slow)]
    instance = BOTH
