"""Each fenced block is run or checked, by a rule for its language. A language without a rule is refused."""

import json
import re
import tomllib

import pytest
from django.core.management import get_commands
from django.template import engines

from tests import needs
from tests.docs import site
from tests.docs.blocks import PAGES, ROOT, Block, blocks
from tests.docs.shell import Shell

RUN = {"python", "sh", "json", "html", "css"}
SHOWN = {"text"}  # trees and output: not run
# Run in a browser, by tests/browser/test_client_docs.py and tests/browser/clerk; in Node, by test_mobile.py; with
# bundlers, by test_client_bundlers.py and tests/js/test_bundlers.py, for which npm installs the client.
NPM_INSTALL = ["npm", "install", "./django-passwordless-otp"]
SCRIPTS = {"js", "jsx", "ts", "tsx"}
ELSEWHERE = {"second-factor.md"}  # needs projects with other apps: tests/projects runs it
WITH_SCRIPTS = {"javascript.md", "migrating.md", "mobile.md"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DEPENDENCIES = [each for extra in PROJECT["optional-dependencies"].values() for each in extra]
TOOLS = {"ruff": "ruff", "mypy": "mypy", "lint-imports": "import-linter"}  # a command → the package that has it


def name(page):
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_block_has_a_known_language(page):
    known = RUN | SHOWN | (SCRIPTS if page.name in WITH_SCRIPTS else set())
    assert [block.place for block in blocks(page) if block.language not in known] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python") and page.name not in ELSEWHERE], ids=name
)
def test_python_blocks_run_in_order(page, settings, db, monkeypatch):
    if page.name == "queues.md":
        needs.installed("celery", "django_tasks_db", "dramatiq", "huey")
    if page.name == "mobile.md":
        needs.installed("corsheaders", "rest_framework_simplejwt")
    site.run(page, settings, monkeypatch)


def with_curl(page):
    return [block for block in blocks(page, "sh") if re.search(r"\b(curl|call)\b", block.text)]


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "sh")], ids=name)
def test_commands_exist(page):
    for block in blocks(page, "sh"):
        if block not in with_curl(page):
            for command in re.split(r"&&|\n", block.text.strip()):
                check(command.split("#")[0].strip(), block)


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page in PAGES if with_curl(page)], ids=name)
def test_calls_by_curl_work(page, demo, tmp_path):
    (tmp_path / "shell").mkdir()
    with Shell(demo, tmp_path / "shell") as shell:
        for block in with_curl(page):
            assert '"errors"' not in shell.run(block), block.place


def check(command, block: Block):
    """Check that what a command names exists. It is not run here, but by `.ci/run`."""
    words = command.replace('"', "").split()
    if words[:2] == ["pip", "install"]:
        [target] = [word for word in words[2:] if word != "-e"]
        extras = re.fullmatch(rf"(?:\.|{PROJECT['name']})(?:\[(.*)\])?", target)
        assert extras, block.place
        assert set((extras[1] or "").split(",")) <= {"", *PROJECT["optional-dependencies"]}, block.place
    elif words[0] == "cd":
        assert (ROOT / words[1]).is_dir(), block.place
    elif words[0] in TOOLS:
        assert any(each.startswith(TOOLS[words[0]]) for each in DEPENDENCIES), (block.place, command)
    elif words[0] == "nox":
        sessions = re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(), re.M)
        assert {word for word in words[1:] if not word.startswith("-")} <= set(sessions), (block.place, command)
    elif words[:3] == ["python", "-m", "pytest"]:
        assert all((ROOT / word).exists() for word in words[3:] if word.startswith("tests")), block.place
    elif words[:2] == ["python", "-m"]:
        module = ROOT / words[2].replace(".", "/")
        assert module.with_suffix(".py").is_file() or (module / "__main__.py").is_file(), (block.place, command)
    elif words[:2] in [["python", "manage.py"], ["python", "../manage.py"]]:
        assert words[2] == "demo" or words[2] in get_commands(), block.place
    else:
        assert words in ([".ci/run"], NPM_INSTALL), (block.place, command)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "json")], ids=name)
def test_json_blocks_are_valid(page):
    for block in blocks(page, "json"):
        assert json.loads(block.text), block.place


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "html")], ids=name)
def test_html_blocks_render_as_templates(page, rf, db):
    for block in blocks(page, "html"):
        assert engines["django"].from_string(block.text).render({}, rf.get("/")), block.place
