"""The types of the client, as TypeScript reads them."""

import json
import os
import re
import shutil
from io import StringIO

import pytest
from django.core.management import call_command

from tests.docs.blocks import ROOT
from tests.js.packages import run, typescript

pytestmark = pytest.mark.slow

SOURCES = ROOT / "tests/js"
NODE = {"module": "NodeNext", "moduleResolution": "NodeNext"}


@pytest.fixture(scope="module")
def check():
    """Return a function that compiles a file beside the package, and answers its errors by line."""
    folder = typescript() / f"check-{os.getpid()}"
    folder.mkdir()
    call_command("otp_client", "--to", folder / "node_modules/django-passwordless-otp", stdout=StringIO())
    options = json.loads((SOURCES / "tsconfig.json").read_text())

    def compile_one(name, **changed):
        shutil.copy(SOURCES / name, folder / name.replace(".ts", ".mts" if changed else ".ts"))
        compiled = {"compilerOptions": {**options["compilerOptions"], **changed}, "include": ["*.ts", "*.mts"]}
        (folder / "tsconfig.json").write_text(json.dumps(compiled))
        done = run("npx", "--no-install", "tsc", "-p", folder, cwd=folder.parent)
        for path in folder.glob("*.*ts"):
            path.unlink()
        return re.findall(r"^(?:.*/)?([\w.]+)\((\d+),\d+\): error (.*)$", done.stdout, re.M)

    yield compile_one
    shutil.rmtree(folder)


@pytest.mark.parametrize("changed", [{}, NODE], ids=["bundler", "node"])
def test_what_the_documentation_promises_compiles(check, changed):
    assert check("typed.ts", **changed) == []


def test_every_mistake_is_found(check):
    text = (SOURCES / "mistyped.ts").read_text().splitlines()
    statements = {number for number, line in enumerate(text, 1) if line and not line.startswith(("/*", "import"))}
    errors = check("mistyped.ts")
    assert {name for name, _line, _error in errors} == {"mistyped.ts"}
    assert {int(line) for _name, line, _error in errors} == statements
