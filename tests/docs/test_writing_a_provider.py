"""The provider of docs/writing-a-provider.md behaves as documented, and passes the documented tests."""

import json
import os
import re
import subprocess
import sys

import pytest

from passwordless_otp.messaging.backends.base import Backend, Outgoing, Refused, Unavailable, Unclear
from passwordless_otp.testing import BackendConformance, HTTPProvider
from passwordless_otp.testing.backend_under_test import BackendUnderTest
from tests.docs import site
from tests.docs.blocks import ROOT, blocks

PAGE = ROOT / "docs/writing-a-provider.md"
MESSAGE = Outgoing("7", "sms", "+14155552671", "", "123456 is your code", "123456", 600)
SECONDS = 60


@pytest.fixture
def provider():
    with HTTPProvider() as provider:
        provider.answers(200, '{"id": "SM1"}')
        yield provider


@pytest.fixture
def example(settings, monkeypatch, provider):
    return site.run(PAGE, settings, monkeypatch).ExampleSMS(provider.url, "secret")


def kit(folder, *options, change=("", "")):
    """Run the tests of the page as a site would, with `change` made to the example. Return the report."""
    source, tests = [block.text for block in blocks(PAGE, "python") if "\nclass " in block.text]
    assert change[0] in source
    (folder / "mysite.py").write_text(source.replace(*change) if change[0] else source)
    (folder / "test_mysite.py").write_text(f"{tests}    gives_up_within = 2\n")
    (folder / "pytest.ini").write_text("[pytest]\n")
    ours = ("COV_", "DJANGO_", "PYTEST_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rfEs", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**kept, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    return done.stdout


@pytest.mark.slow
def test_example_provider_passes_the_documented_tests(tmp_path):
    report = kit(tmp_path)
    assert re.search(r"\d\d passed, 1 skipped", report.splitlines()[-1]), report
    assert "names no `sdk`" in report


@pytest.mark.slow
@pytest.mark.parametrize(
    ("old", "new", "caught"),
    [
        ("timeout=self.timeout", "timeout=None", "test_a_provider_that_hangs"),
        ("failure = Unclear(", "failure = Unavailable(", "test_a_connection_that_breaks_off"),
        ("message.text", "message.code", "test_the_text_arrives_unchanged"),
    ],
)
def test_documented_tests_fail_for_a_broken_provider(tmp_path, old, new, caught):
    assert re.search(rf"^FAILED .*::{caught}", kit(tmp_path, "-k", caught, change=(old, new)), re.M)


def test_example_provider_sends_every_documented_field(example, provider):
    assert example.send(MESSAGE).provider_id == "SM1"
    [request] = provider.requests
    assert json.loads(request.body) == {"to": MESSAGE.to, "text": MESSAGE.text, "key": "7", "expires_in": 600}
    assert request.headers["Authorization"] == "Bearer secret"


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, Refused), (429, Unavailable), (503, Unavailable), (502, Unclear), (504, Unclear)],
)
def test_example_provider_raises_the_error_of_the_status(example, provider, status, error):
    provider.answers(status)
    with pytest.raises(error, match=f"http {status}"):
        example.send(MESSAGE)


def test_example_provider_raises_unavailable_without_a_connection(example, provider):
    provider.stops()
    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        example.send(MESSAGE)


@pytest.mark.parametrize(
    "names",
    [
        Outgoing.__dataclass_fields__,
        [name for name in vars(Backend) if not name.startswith("_") and name != "send"],
        BackendUnderTest.__annotations__,
        [name for name, of in vars(BackendUnderTest).items() if "ixture" in type(of).__name__],
    ],
    ids=["message", "backend", "attributes", "fixtures"],
)
def test_page_documents_all_names_of_the_contract(names):
    text = PAGE.read_text()
    assert len(names) >= 3
    assert [name for name in names if not re.search(rf"`{name}\b", text)] == []


def test_page_documents_no_attribute_that_the_kit_lacks():
    tables = PAGE.read_text().partition("Override these fixtures")[2]
    named = {*re.findall(r"^\| `(\w+)` ", tables, re.M)} - {"backend_class"}  # which has no default
    assert len(named) > 10
    assert [name for name in named if not hasattr(BackendConformance, name)] == []
