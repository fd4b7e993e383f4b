"""The demo, for the `curl` blocks."""

import pytest

from tests import needs
from tests.demo.served import Demo


@pytest.fixture
def demo(tmp_path):
    needs.program("curl")
    with Demo(tmp_path) as served:
        yield served
