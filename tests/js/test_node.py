"""What the client promises wherever there is a `fetch`."""

import gzip
import re

import pytest

from passwordless_otp import errors as errors_of_app
from passwordless_otp.errors import OTPError
from tests import needs
from tests.demo.served import Demo, environment
from tests.docs.blocks import ROOT
from tests.js.packages import STATIC, run
from tools.client_script import SCRIPT, script

SMALL = 6 * 1024  # bytes


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with Demo(tmp_path_factory.mktemp("demo")) as served:
        yield served


@pytest.mark.parametrize("name", ["client.js", "client.module.js", "react.js", "otp-field.js"])
def test_a_script_is_small_on_the_wire(name):
    assert len(gzip.compress((STATIC / name).read_bytes())) < SMALL


@pytest.mark.parametrize("name", ["client.js", "client.module.js", "react.js"])
def test_the_client_has_no_dependency(name):
    imported = re.findall(r"""\b(?:from|import|require)\b[ (]*["']([^"']+)""", (STATIC / name).read_text())
    assert set(imported) <= {"./client.module.js"}


def test_classic_script_is_made_from_module():
    assert SCRIPT.read_text() == script(), "run `python -m tools.client_script`"


def test_error_codes_of_types_are_those_of_the_server():
    found = re.search(
        r"ErrorCode =\n  \| keyof OwnErrorCodes\n(.*?);", (STATIC / "client.module.d.ts").read_text(), re.S
    )
    errors = [
        kind for kind in vars(errors_of_app).values() if isinstance(kind, type) and issubclass(kind, OTPError)
    ]
    codes = {kind.code for kind in errors if kind.code} | {"unreadable_answer"}
    assert re.findall(r'"(\w+)"', found[1]) == sorted(codes)


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


def test_module_is_imported_without_side_effect_and_used_without_page():
    passes("module.test.mjs", CLIENT_FOLDER=STATIC.as_uri())
