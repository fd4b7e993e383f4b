"""The demo, for the `curl` blocks; the fixtures of the plugin, also where the package has no entry points."""

import pytest

from passwordless_otp.testing.pytest_plugin import expire_codes, otp_messages  # noqa: F401
from tests import needs
from tests.demo.served import Demo


@pytest.fixture
def demo(tmp_path):
    needs.program("curl")
    with Demo(tmp_path) as served:
        yield served
