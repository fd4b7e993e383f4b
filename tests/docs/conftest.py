"""The demo, for the `curl` blocks."""

import pytest

from tests.demo.served import Demo, curl_or_skip


@pytest.fixture
def demo(tmp_path):
    curl_or_skip()
    with Demo(tmp_path) as served:
        yield served
