"""Each fenced block is run, by a rule for its language. There is none for a language that is not listed here."""

import json
import re
import sys
import tomllib
from types import ModuleType

import pytest
from django.core.management import call_command, get_commands
from django.template import engines
from django.urls import URLPattern, URLResolver

from tests.docs.blocks import PAGES, ROOT, Block, blocks
from tests.docs.shell import Shell

RUN = {"python", "sh", "json", "html"}
SHOWN = {"text"}  # trees and output, for the eye alone
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name(page):
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_has_a_language_that_is_run_or_only_shown(page):
    assert [block.place for block in blocks(page) if block.language not in RUN | SHOWN] == []


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "python")], ids=name)
def test_python_runs_in_order_against_a_site(page, settings, db, monkeypatch):
    module = ModuleType("mysite")
    monkeypatch.setitem(sys.modules, "mysite", module)
    for block in blocks(page, "python"):
        code = compile("\n" * int(block.place.rpartition(":")[2]) + block.text, page.name, "exec")
        before = dict(vars(module))
        exec(code, vars(module))
        apply({key: value for key, value in vars(module).items() if before.get(key) is not value}, settings)


def apply(made, settings):
    """Check what a block has set, as the site that it is meant for would."""
    for key, value in made.items():
        if key.isupper() and not (isinstance(value, list) and ... in value):
            setattr(settings, key, value)
    call_command("check")
    for pattern in made.get("urlpatterns", []):
        assert pattern is ... or isinstance(pattern, URLPattern | URLResolver)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=name)
def test_commands_work(page, request, tmp_path):
    with_curl = [block for block in blocks(page, "sh") if re.search(r"\b(curl|call)\b", block.text)]
    for block in blocks(page, "sh"):
        if block not in with_curl:
            for command in re.split(r"&&|\n", block.text.strip()):
                check(command.split("#")[0].strip(), block)
    if not with_curl:
        return
    (tmp_path / "shell").mkdir()
    with Shell(request.getfixturevalue("demo"), tmp_path / "shell") as shell:
        for block in with_curl:
            assert '"errors"' not in shell.run(block), block.place


def check(command, block: Block):
    """Check a command that is not run here: that what it names exists. `.ci/run` runs them."""
    words = command.replace('"', "").split()
    if words[:2] == ["pip", "install"]:
        [target] = [word for word in words[2:] if word != "-e"]
        extras = re.fullmatch(rf"(?:\.|{PROJECT['name']})(?:\[(.*)\])?", target)
        assert extras, block.place
        assert set((extras[1] or "").split(",")) <= {"", *PROJECT["optional-dependencies"]}, block.place
    elif words[:2] == ["python", "manage.py"]:
        assert words[2] == "demo" or words[2] in get_commands(), block.place
    else:
        assert words in (["python", "-m", "pytest"], [".ci/run"]), (block.place, command)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "json")], ids=name)
def test_json_can_be_read(page):
    for block in blocks(page, "json"):
        assert json.loads(block.text), block.place


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "html")], ids=name)
def test_templates_can_be_rendered(page, rf):
    for block in blocks(page, "html"):
        assert engines["django"].from_string(block.text).render({}, rf.get("/")), block.place
