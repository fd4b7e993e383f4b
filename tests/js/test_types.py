"""The types of the client, as TypeScript reads them."""

import json
import os
import re
import shutil

import pytest

from tests.docs.blocks import ROOT
from tests.js.packages import STATIC, run, typescript

pytestmark = pytest.mark.slow

SOURCES = ROOT / "tests/js"


@pytest.fixture(scope="module")
def check():
    """Return a function that compiles a file beside the client, and answers its errors by line."""
    folder = typescript() / f"check-{os.getpid()}"
    folder.mkdir()
    shutil.copytree(STATIC, folder / "node_modules/passwordless_otp")
    options = json.loads((SOURCES / "tsconfig.json").read_text())

    def compile_one(name):
        shutil.copy(SOURCES / name, folder)
        (folder / "tsconfig.json").write_text(json.dumps({**options, "files": [name]}))
        done = run("npx", "--no-install", "tsc", "-p", folder, cwd=folder.parent)
        return re.findall(r"^(?:.*/)?([\w.]+)\((\d+),\d+\): error (.*)$", done.stdout, re.M)

    yield compile_one
    shutil.rmtree(folder)


def test_what_the_documentation_promises_compiles(check):
    assert check("typed.ts") == []


def test_every_mistake_is_found(check):
    text = (SOURCES / "mistyped.ts").read_text().splitlines()
    statements = {number for number, line in enumerate(text, 1) if line and not line.startswith(("/*", "import"))}
    errors = check("mistyped.ts")
    assert {name for name, _line, _error in errors} == {"mistyped.ts"}
    assert {int(line) for _name, line, _error in errors} == statements
