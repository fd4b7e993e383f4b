"""A demo for the tests of a module, and browsers for it."""

import pytest

from tests import needs
from tests.demo.served import Demo, PageVisitor


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    needs.program("curl")
    with Demo(tmp_path_factory.mktemp("demo")) as served:
        yield served


@pytest.fixture
def browse(demo, tmp_path):
    """Return a function that opens a browser of its own."""
    opened = []

    def new(body="form"):
        opened.append(PageVisitor(demo.origin, tmp_path / f"jar-{len(opened)}", body))
        return opened[-1]

    return new
