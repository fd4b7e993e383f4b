"""Rules of the house that a program can check."""

import sys

from tests import needs
from tests.docs.blocks import ROOT
from tests.packaging.conftest import run

FOLDERS = ["passwordless_otp", "example_project", "tests"]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
LONGEST = 200  # lines
NAMES = {"utils", "helpers", "common", "core", "services", "managers", "misc"}


def test_imports_point_down():
    needs.installed("importlinter")
    assert "0 broken" in run(sys.executable, "-c", LINT, cwd=ROOT)


def test_files_are_named_after_things_of_the_domain():
    sources = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert [str(path) for path in sources if path.stem in NAMES] == []


def test_no_source_is_long():
    sources = [path for folder in FOLDERS[:2] for path in (ROOT / folder).rglob("*.py")]
    lengths = {
        path.name: len(path.read_text().splitlines()) for path in sources if "migrations" not in path.parts
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}
