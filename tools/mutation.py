"""Measure how many small changes of the rules the tests notice.

    python -m tools.mutation --sample 80 --seed 1

A mutant is the package with one change in one file of `TARGETS`: a comparison, a condition, a number, a keyword
argument, a statement, a decorator or an operator in SQL. A process of its own runs the tests of that file, until
one fails. The change is made while the module is imported, so no file changes; the database is made once.

A seed takes the same sample of the same code. Without `--sample` all mutants run; `--only flows/` takes those of
some files. A survivor is a missing test, or a change that makes no difference. The score compares versions.

mutmut leaves out decorated functions and what a module does at import. cosmic-ray writes its changes into the
checkout and starts a new interpreter for each.
"""

import argparse
import ast
import importlib.abc
import importlib.machinery
import importlib.util
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "passwordless_otp"
OPTIONS = [
    "-x",
    "-q",
    "-o",
    "addopts=",
    "-p",
    "no:xdist",
    "-p",
    "no:cacheprovider",
    "-m",
    "not slow",
    "--reuse-db",
]
RULES = [
    "tests/flows",
    "tests/api",
    "tests/restrictions",
    "tests/rate_limits",
    "tests/sms/test_limits.py",
    "tests/pages/test_sign_in.py",
    "tests/pages/test_sign_up.py",
    "tests/pages/test_not_me.py",
    "tests/pages/test_transfer.py",
]
TARGETS = {  # files, and the tests of them: the nearest first
    "flows/*.py": RULES,
    "codes.py": ["tests/test_codes.py", *RULES],
    "limits.py": ["tests/rate_limits", *RULES],
    "models/counters.py": ["tests/rate_limits", *RULES],
    "models/verifications.py": ["tests/models", *RULES],
}
LOG = Path(tempfile.gettempdir()) / f"mutation-{os.getpid()}.log"  # of the tests that ran last
PATIENCE = 3  # times as long as without a change, before a mutant counts as noticed
PAIRS = [
    (ast.Lt, ast.LtE),
    (ast.Gt, ast.GtE),
    (ast.Eq, ast.NotEq),
    (ast.Is, ast.IsNot),
    (ast.In, ast.NotIn),
    (ast.And, ast.Or),
    (ast.Add, ast.Sub),
    (ast.Mult, ast.FloorDiv),
    (ast.BitAnd, ast.BitOr),
]
SWAPS = {**dict(PAIRS), **{right: left for left, right in PAIRS}}
SQL = {"<=": "<", ">=": ">", "<>": "=", " > ": " >= ", " + ": " - ", " - ": " + ", " AND ": " OR "}


def mutants(node):
    """Yield each change below this node: its line, what it is, and a function that makes it."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "type_params", "bases"}:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or (
                isinstance(node, ast.ClassDef) and isinstance(child, ast.Assign)
            ):
                continue  # what a class declares is held by migrations and types
            place, key = (value, index) if isinstance(value, list) else (vars(node), name)
            line = getattr(child, "lineno", getattr(node, "lineno", 0))
            for what, new in changes(name, child):
                yield line, what, lambda place=place, key=key, new=new: place.__setitem__(key, new)
            if name in {"keywords", "decorator_list"} and not isinstance(node, ast.ClassDef):
                yield line, f"without {written(child)}", lambda place=place, key=key: place.pop(key)
            if name != "decorator_list":
                yield from mutants(child)


def changes(name, node):
    """Yield what may stand in the place of this node, and how to say it."""
    if type(node) in SWAPS:
        new = SWAPS[type(node)]
        yield f"{type(node).__name__} → {new.__name__}", new()
    elif isinstance(node, ast.Constant):
        yield from constants(node.value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"without not: {written(node)}", node.operand
    elif name == "test":
        yield f"not ({written(node)})", ast.UnaryOp(ast.Not(), node)
    elif isinstance(node, ast.Return) and node.value:
        yield f"return None: {written(node)}", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise | ast.AugAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield f"without {written(node)}", ast.Pass()


def constants(value):
    """Yield other constants in the place of this one."""
    if isinstance(value, bool):
        yield f"{value} → {not value}", ast.Constant(not value)
    elif isinstance(value, int):
        yield f"{value} → {value + 1}", ast.Constant(value + 1)
    elif isinstance(value, str) and re.search(r"\b(SELECT|UPDATE|INSERT)\b", value):
        for found in re.finditer("|".join(map(re.escape, SQL)), value):
            new = value[: found.start()] + SQL[found[0]] + value[found.end() :]
            yield f"SQL at {value[: found.end()].split()[-4:]}: {SQL[found[0]].strip()}", ast.Constant(new)


def written(node):
    """Return the source of this node, in one line."""
    return " ".join(ast.unparse(node).split())[:80]


class Changed(importlib.abc.MetaPathFinder, importlib.machinery.SourceFileLoader):
    """Imports the module in `path` with the change of this number."""

    def __init__(self, path, number):
        self.module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        self.tree = ast.parse(path.read_text())
        list(mutants(self.tree))[number][2]()
        super().__init__(self.module, str(path))

    def find_spec(self, fullname, path=None, target=None):
        if fullname == self.module:
            return importlib.util.spec_from_file_location(fullname, self.path, loader=self)
        return None

    def get_code(self, fullname):
        return compile(ast.fix_missing_locations(self.tree), self.path, "exec", dont_inherit=True)


def run(paths, change=None):
    """Run these tests in this process, which is one of many, and end it with their status."""
    os.setsid()
    with LOG.open("w") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    if change:
        sys.meta_path.insert(0, Changed(*change))
    import pytest

    os._exit(pytest.main([*paths, *OPTIONS]))


def seconds_of(paths, change=None, timeout=None):
    """Return the status of these tests, `None` when the time was up, and how long they took."""
    began = time.monotonic()
    process = multiprocessing.get_context("fork").Process(target=run, args=(paths, change))
    process.start()
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
        return None, time.monotonic() - began
    return process.exitcode, time.monotonic() - began


def warm():
    """Import what all of them need, but for the package. Return the file of the database of the tests."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.pop("DATABASE_URL", None)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in ["django.test", "django.db.backends.sqlite3.base", "phonenumbers", "pytest"]:
        importlib.import_module(name)
    from django.conf import settings

    return Path(settings.DATABASES["default"]["TEST"]["NAME"])


def found(only):
    """Return every mutant: its file, its number there, its line, what changes, and its tests."""
    all_of_them = []
    for pattern, tests in TARGETS.items():
        for path in sorted((ROOT / PACKAGE).glob(pattern)):
            if only in str(path):
                changes_here = enumerate(mutants(ast.parse(path.read_text())))
                all_of_them += [(path, number, line, what, tests) for number, (line, what, _) in changes_here]
    return all_of_them


def main():
    """Print a line for each mutant, then those that survived and the score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    chosen = found(asked.only)
    print(f"{len(chosen)} mutants in {len({path for path, *_ in chosen})} files", flush=True)
    if asked.sample and asked.sample < len(chosen):
        chosen = sorted(random.Random(asked.seed).sample(chosen, asked.sample), key=lambda one: one[:2])
    database = warm()
    kept = database.with_suffix(".kept")
    usual = {}
    for tests in {tuple(tests) for *_, tests in chosen}:
        status, usual[tests] = seconds_of(list(tests))
        if status:
            sys.exit(f"Without a change the tests fail:\n{LOG.read_text()}")
        shutil.copy(database, kept)
        print(f"{usual[tests]:.0f} s without a change: {' '.join(tests)}", flush=True)
    tally, survivors = Counter(), []
    for path, number, line, what, tests in chosen:
        shutil.copy(kept, database)
        timeout = 30 + PATIENCE * usual[tuple(tests)]
        status, took = seconds_of(tests, (path, number), timeout)
        verdict = "timeout" if status is None else "killed" if status else "survived"
        tally[verdict] += 1
        report = f"{verdict} {took:4.0f} s  {path.relative_to(ROOT)}:{line}  {what}"
        survivors += [report] if verdict == "survived" else []
        print(report, flush=True)
    for path in [database, kept, LOG]:
        path.unlink(missing_ok=True)
    print("", *survivors, sep="\n")
    score = 100 * (len(chosen) - tally["survived"]) / len(chosen)
    print(", ".join(f"{tally[verdict]} {verdict}" for verdict in ["killed", "survived", "timeout"]), end="; ")
    print(f"score {score:.0f} %")


if __name__ == "__main__":
    main()
