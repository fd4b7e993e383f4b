"""Rules of the house that a program can check. Each has a negative control: a made-up offender is reported."""

import ast
import re
import sys

import pytest

from tests.docs.blocks import ROOT
from tests.packaging.conftest import run

PACKAGE = "passwordless_otp"
OURS = [PACKAGE, "example_project", "tools"]
LINT = "from importlinter.cli import lint_imports_command; lint_imports_command()"
# Identifiers of the first version. docs/glossary.md has the terms that took their place.
OLD = {
    *("Guard", "Shape", "shapes", "Tier", "siege", "streak", "outbox", "agenda", "settling", "rationing"),
    *("memo", "troubles", "give_back", "TestIdentifier", "Browser", "costs"),
}
VAGUE = {"utils", "helpers", "common", "core", "services", "managers", "misc"}
GENDERED = re.compile(r"\b(?:she|her|hers|herself)\b", re.IGNORECASE)
MAX_LINES = 50  # of a function
MIN_WORDS = 3  # of a docstring
MAX_FILES = 165  # Python files of the package
FILLERS = {"a", "an", "the", "return", "its", "this"}


@pytest.fixture(scope="module")
def trees():
    """The syntax trees of all Python files but migrations, by their path within the checkout."""
    paths = [path for folder in [*OURS, "tests"] for path in sorted((ROOT / folder).rglob("*.py"))]
    kept = [path for path in paths if not {"migrations", "node_modules"}.intersection(path.parts)]
    return {path.relative_to(ROOT).as_posix(): ast.parse(path.read_text()) for path in kept}


@pytest.fixture(scope="module")
def our_trees(trees):
    return {place: tree for place, tree in trees.items() if not place.startswith("tests/")}


def offenders(check, checked):
    """Return what `check` yields for each tree or text, with its place."""
    return [f"{place}:{line}: {what}" for place, one in checked.items() for line, what in check(one)]


def expect_none(found):
    found = list(found)
    assert not found, "\n" + "\n".join(found)


def badly_named(places, words):
    """Return the files whose name, or the name of a folder they are in, is one of these words."""
    return [place for place in places if words.intersection(place.removesuffix(".py").split("/"))]


def surplus(places):
    """Return the Python files of the package that are more than it may have. Migrations do not count."""
    return [place for place in places if place.startswith(f"{PACKAGE}/")][MAX_FILES:]


def old_identifiers(tree):
    """Yield each identifier of the first version, whatever it names. `mail.outbox` is Django's own."""
    for node in ast.walk(tree):
        names = [value for field, value in ast.iter_fields(node) if isinstance(value, str) and field != "value"]
        names += [name for name in getattr(node, "names", []) if isinstance(name, str)]
        found = OLD.intersection(part for name in names for part in name.split("."))
        if found and not (isinstance(node, ast.Attribute) and ast.unparse(node).endswith("mail.outbox")):
            yield node.lineno, ", ".join(sorted(found))


def long_functions(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = node.end_lineno - node.lineno + 1
            if lines > MAX_LINES:
                yield node.lineno, f"{node.name} has {lines} lines"


def empty_docstrings(tree):
    """Yield each docstring of one or two words, or that repeats the name of what it stands in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            text, name = ast.get_docstring(node), getattr(node, "name", "")
            if text is not None and (len(text.split()) < MIN_WORDS or words(text) == words(name)):
                yield getattr(node, "lineno", 1), f"{name} {text!r}"


def words(text):
    """Return the words of a name or a sentence, in lower case and without those that say nothing."""
    found = re.findall(r"[a-z0-9]+|[A-Z][a-z0-9]*", text)
    return [word.lower() for word in found if word.lower() not in FILLERS]


def gendered(text):
    for number, line in enumerate(text.splitlines(), 1):
        if found := GENDERED.search(line):
            yield number, found[0]


def import_cycles(package):
    """Return the modules of each import cycle. Imports in functions and under TYPE_CHECKING are counted."""
    grimp = pytest.importorskip("grimp", reason="needs import-linter: pip install -e '.[dev]'")
    graph = grimp.build_graph(package, exclude_type_checking_imports=False, cache_dir=None)
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    reach = {module: reachable(module, imports) for module in imports}
    looped = [module for module in imports if module in reach[module]]
    return sorted({tuple(sorted(m for m in looped if m in reach[one] and one in reach[m])) for one in looped})


def reachable(module, imports):
    """Return the modules that this one imports, directly or through others."""
    found, left = set(), [module]
    while left:
        new = imports[left.pop()] - found
        found |= new
        left += new
    return found


def check_contracts(folder):
    """Raise `AssertionError`, with the report, unless the import contracts hold in this checkout."""
    pytest.importorskip("importlinter", reason="needs import-linter: pip install -e '.[dev]'")
    assert "Contracts: 2 kept, 0 broken" in run(sys.executable, "-c", LINT, cwd=folder)


def test_no_identifier_of_the_first_version_is_left(trees):
    expect_none(badly_named(trees, OLD))
    expect_none(offenders(old_identifiers, trees))


@pytest.mark.parametrize(
    "source",
    [
        "class Guard: pass",
        "def settling(): pass",
        "def f(costs): pass",
        "f(costs=1)",
        "settings.memo = 1",
        "troubles = 1",
        "from passwordless_otp.outbox import deliver",
        "from passwordless_otp import outbox",
        "import json as memo",
        "def f():\n    global siege",
        "box.outbox.clear()",
    ],
)
def test_old_identifier_is_reported_wherever_it_stands(source):
    assert len(offenders(old_identifiers, {"made_up.py": ast.parse(source)})) == 1


def test_old_identifier_is_not_reported_within_another_word_or_a_text():
    source = "guards = TierList = 'outbox'\nmail.outbox.clear()\ndjango.core.mail.outbox"
    assert offenders(old_identifiers, {"made_up.py": ast.parse(source)}) == []


def test_file_names_say_what_is_in_them(trees):
    expect_none(badly_named(trees, VAGUE))


def test_badly_named_file_or_folder_is_reported():
    assert badly_named(["passwordless_otp/utils.py", "passwordless_otp/core/a.py", "tests/score.py"], VAGUE) == [
        "passwordless_otp/utils.py",
        "passwordless_otp/core/a.py",
    ]


def test_people_are_called_they():
    folders = [path for folder in [PACKAGE, "docs", "example_project"] for path in (ROOT / folder).rglob("*")]
    paths = [path for path in [*ROOT.glob("*.md"), *folders] if path.suffix in {".py", ".html", ".txt", ".md"}]
    texts = {path.relative_to(ROOT).as_posix(): path.read_text() for path in sorted(paths)}
    expect_none(offenders(gendered, texts))


def test_gendered_word_is_reported_as_a_whole_word_only():
    assert offenders(gendered, {"a.md": "Others are there.\nShe has hers."}) == ["a.md:2: She"]


def test_functions_have_at_most_50_lines(trees):
    expect_none(offenders(long_functions, trees))


def test_function_of_51_lines_is_reported():
    bodies = [f"def f{lines}():\n" + "    pass\n" * (lines - 1) for lines in [50, 51]]
    assert offenders(long_functions, {"a.py": ast.parse("".join(bodies))}) == ["a.py:51: f51 has 51 lines"]


def test_docstrings_say_more_than_the_name(our_trees):
    expect_none(offenders(empty_docstrings, our_trees))


@pytest.mark.parametrize(
    "source",
    [
        '"""Codes."""',
        'def refuse():\n    """Refuse it."""',
        'def resend_interval():\n    """Return the resend interval."""',
        'class SignInView:\n    """The sign in view."""',
    ],
)
def test_docstring_that_says_nothing_is_reported(source):
    assert len(offenders(empty_docstrings, {"made_up.py": ast.parse(source)})) == 1


def test_docstring_that_says_more_is_not_reported():
    source = 'def resend_interval():\n    """Return the resend interval, in seconds."""'
    assert offenders(empty_docstrings, {"made_up.py": ast.parse(source)}) == []


def test_imports_keep_their_contracts():
    check_contracts(ROOT)


@pytest.mark.parametrize(
    ("module", "source", "broken"),
    [
        ("errors.py", "from passwordless_otp import flows", "Imports point down BROKEN"),
        ("stray.py", "", "Imports point down BROKEN"),
        (
            "messaging/backends/email.py",
            "from passwordless_otp import models",
            "Delivery backends stand alone BROKEN",
        ),
    ],
)
def test_broken_contract_is_reported(trees, tmp_path, module, source, broken):
    for place in trees:
        if place.startswith(f"{PACKAGE}/"):
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).touch()
    (tmp_path / PACKAGE / module).write_text(source)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    with pytest.raises(AssertionError, match=broken):
        check_contracts(tmp_path)


def test_no_module_imports_itself_through_others():
    expect_none(" → ".join(cycle) for cycle in import_cycles(PACKAGE))


def test_import_cycle_is_reported_also_under_type_checking(tmp_path, monkeypatch):
    folder = tmp_path / "looped"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "a.py").write_text("from looped import b")
    (folder / "b.py").write_text("from looped import c")
    (folder / "c.py").write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from looped import a")
    (folder / "d.py").write_text("from looped import a")
    monkeypatch.syspath_prepend(tmp_path)
    assert import_cycles("looped") == [("looped.a", "looped.b", "looped.c")]


def test_package_has_no_more_files_than_it_may(trees):
    expect_none(surplus(trees))


def test_file_beyond_the_most_is_reported():
    names = [f"{PACKAGE}/{number:03}.py" for number in range(MAX_FILES + 1)]
    assert surplus(names) == names[-1:]
    assert surplus(f"tests/{number}.py" for number in range(200)) == []
