"""What the client promises wherever there is a `fetch`."""

import gzip
import re

import pytest

from tests import needs
from tests.demo.served import Demo, environment
from tests.docs.blocks import ROOT
from tests.js.packages import STATIC, run

SMALL = 6 * 1024  # bytes


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with Demo(tmp_path_factory.mktemp("demo")) as served:
        yield served


@pytest.mark.parametrize("name", ["client.js", "react.js", "otp-field.js"])
def test_a_script_is_small_on_the_wire(name):
    assert len(gzip.compress((STATIC / name).read_bytes())) < SMALL


def passes(name, **variables):
    """Let Node run a file of tests, all of them."""
    path = ROOT / "tests/js" / name
    variables["CLIENT"] = (STATIC / "client.js").as_uri()
    done = run(needs.node(), "--test", "--test-reporter=tap", path, env=environment(**variables))
    assert done.returncode == 0, done.stdout
    assert int(re.search(r"^# pass (\d+)", done.stdout, re.M)[1]) == path.read_text().count("\ntest("), (
        done.stdout
    )


@pytest.mark.slow
def test_the_client_goes_through_every_flow_of_the_demo(request):
    needs.node()
    passes("client.test.mjs", ORIGIN=request.getfixturevalue("demo").origin)


def test_the_client_understands_every_answer():
    passes("answers.test.mjs")
