"""The kit for sites, on this site."""

from passwordless_otp.testing import EnumerationParity


class TestParity(EnumerationParity):
    pass
