"""Rules of the house that a program can check."""

import sys
from pathlib import Path

from tests.docs.blocks import ROOT
from tests.packaging.conftest import run

FOLDERS = ["passwordless_otp", "example_project", "tests"]
NAMES = {"utils", "helpers", "common", "core", "services", "managers", "misc"}


def test_imports_point_down():
    assert "0 broken" in run(Path(sys.executable).with_name("lint-imports"), cwd=ROOT)


def test_files_are_named_after_things_of_the_domain():
    sources = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    assert [str(path) for path in sources if path.stem in NAMES] == []
