"""Measure how many small changes of the rules the tests notice.

    python -m tools.mutation --sample 80 --seed 1

A mutant is the package with one change in one file of `TARGETS`: of a comparison, a condition, a number, a
keyword argument, a statement, a decorator or an operator in SQL. A process of its own runs the tests of that file
until one fails. The module is changed while it is imported, so no file is written, and the database is made once.

The same seed takes the same sample of the same code. Without `--sample`, all mutants run; `--only flows/` takes
those of some files. A mutant that survives shows a missing test, or a change that makes no difference. The score
compares versions of the package.

mutmut leaves out decorated functions and the code that runs at import. cosmic-ray writes its changes into the
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
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple

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
RULES = (
    "tests/flows",
    "tests/api",
    "tests/restrictions",
    "tests/rate_limits",
    "tests/sms/test_limits.py",
    "tests/pages/test_sign_in.py",
    "tests/pages/test_sign_up.py",
    "tests/pages/test_not_me.py",
    "tests/pages/test_transfer.py",
    "tests/messaging/test_routes.py",
    "tests/messaging/test_security_notices.py",
    "tests/attacks/test_reports.py",
)
TARGETS = {  # files of the package, and their tests: the nearest first
    "flows/*.py": RULES,
    "codes.py": ("tests/test_codes.py", *RULES),
    "rate_limits/*.py": ("tests/rate_limits", *RULES),
    "models/counters.py": ("tests/rate_limits", *RULES),
    "models/flows.py": ("tests/models", *RULES),
}
LOG = Path(tempfile.gettempdir()) / f"mutation-{os.getpid()}.log"  # output of the tests that ran last
PATIENCE = 3  # tests that take so many times as long as without a change count as failed
PAIRS: list[tuple[type[ast.AST], type[ast.AST]]] = [
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

Change = tuple[Path, int]  # a file, and the number of the mutant in it


class Mutant(NamedTuple):
    """One change, with the tests of its file."""

    path: Path
    number: int
    line: int
    what: str
    tests: tuple[str, ...]


def mutants(node: ast.AST) -> Iterator[tuple[int, str, Callable[[], object]]]:
    """Yield each change below this node: its line, a description, and a function that makes it."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "type_params", "bases"}:
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or (
                isinstance(node, ast.ClassDef) and isinstance(child, ast.Assign)
            ):
                continue  # migrations and types check what a class declares
            place: Any = value if isinstance(value, list) else vars(node)
            key: Any = index if isinstance(value, list) else name
            line = getattr(child, "lineno", getattr(node, "lineno", 0))
            for what, new in changes(name, child):
                yield line, what, partial(place.__setitem__, key, new)
            if name in {"keywords", "decorator_list"} and not isinstance(node, ast.ClassDef):
                yield line, f"without {written(child)}", partial(place.pop, key)
            if name != "decorator_list":
                yield from mutants(child)


def changes(name: str, node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Yield each replacement of this node, after its description. `name` is the field that holds the node."""
    if type(node) in SWAPS:
        new = SWAPS[type(node)]
        yield f"{type(node).__name__} → {new.__name__}", new()
    elif isinstance(node, ast.Constant):
        yield from constants(node.value)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield f"without not: {written(node)}", node.operand
    elif name == "test" and isinstance(node, ast.expr):
        yield f"not ({written(node)})", ast.UnaryOp(ast.Not(), node)
    elif isinstance(node, ast.Return) and not isinstance(node.value, ast.Constant | None):
        yield f"return None: {written(node)}", ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Raise | ast.AugAssign) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ):
        yield f"without {written(node)}", ast.Pass()


def constants(value: object) -> Iterator[tuple[str, ast.AST]]:
    """Yield other constants than this one, each after its description."""
    if isinstance(value, bool):
        yield f"{value} → {not value}", ast.Constant(not value)
    elif isinstance(value, int):
        yield f"{value} → {value + 1}", ast.Constant(value + 1)
    elif isinstance(value, str) and re.search(r"\b(SELECT|UPDATE|INSERT)\b", value):
        for found in re.finditer("|".join(map(re.escape, SQL)), value):
            new = value[: found.start()] + SQL[found[0]] + value[found.end() :]
            yield f"SQL at {value[: found.end()].split()[-4:]}: {SQL[found[0]].strip()}", ast.Constant(new)


def written(node: ast.AST) -> str:
    """Return the source of this node, in one line."""
    return " ".join(ast.unparse(node).split())[:80]


class ChangedModule(importlib.machinery.SourceFileLoader):
    """Loads the module in `path` with the change of this number."""

    def __init__(self, path: Path, number: int) -> None:
        super().__init__(".".join(path.relative_to(ROOT).with_suffix("").parts), str(path))
        self.tree = ast.parse(path.read_text())
        list(mutants(self.tree))[number][2]()

    def get_code(self, fullname: str) -> CodeType:
        code: CodeType = compile(ast.fix_missing_locations(self.tree), self.path, "exec", dont_inherit=True)
        return code


class Finder(importlib.abc.MetaPathFinder):
    """Finds this one module."""

    def __init__(self, module: ChangedModule) -> None:
        self.module = module

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> Any:
        if fullname != self.module.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.module.path, loader=self.module)


def run(paths: Sequence[str], change: Change | None = None) -> None:
    """Run these tests in this process and end it with their status."""
    os.setsid()
    with LOG.open("w") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
    if change:
        sys.meta_path.insert(0, Finder(ChangedModule(*change)))
    import pytest

    os._exit(pytest.main([*paths, *OPTIONS]))


def seconds_of(
    paths: Sequence[str], change: Change | None = None, timeout: float | None = None
) -> tuple[int | None, float]:
    """Return the status of these tests, `None` if the time was up, and the seconds that they took."""
    began = time.monotonic()
    process = multiprocessing.get_context("fork").Process(target=run, args=(paths, change))
    process.start()
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
        return None, time.monotonic() - began
    return process.exitcode, time.monotonic() - began


def warm() -> Path:
    """Import what all processes need except the package. Return the file of the tests' database."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ.pop("DATABASE_URL", None)
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    for name in ["django.test", "django.db.backends.sqlite3.base", "phonenumbers", "pytest"]:
        importlib.import_module(name)
    from django.conf import settings

    databases: dict[str, Any] = settings.DATABASES
    return Path(databases["default"]["TEST"]["NAME"])


def found(only: str) -> list[Mutant]:
    """Return every mutant of the files whose path contains `only`."""
    all_of_them: list[Mutant] = []
    for pattern, tests in TARGETS.items():
        for path in sorted((ROOT / PACKAGE).glob(pattern)):
            if only in str(path):
                changes_here = enumerate(mutants(ast.parse(path.read_text())))
                all_of_them += [
                    Mutant(path, number, line, what, tests) for number, (line, what, _) in changes_here
                ]
    return all_of_them


def main() -> None:
    """Print a line for each mutant, then those that survived and the score."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    chosen = found(asked.only)
    print(f"{len(chosen)} mutants in {len({mutant.path for mutant in chosen})} files", flush=True)
    if asked.sample and asked.sample < len(chosen):
        chosen = sorted(random.Random(asked.seed).sample(chosen, asked.sample), key=lambda one: one[:2])
    database = warm()
    kept = database.with_suffix(".kept")
    usual: dict[tuple[str, ...], float] = {}
    for tests in {mutant.tests for mutant in chosen}:
        status, usual[tests] = seconds_of(tests)
        if status:
            sys.exit(f"Without a change the tests fail:\n{LOG.read_text()}")
        shutil.copy(database, kept)
        print(f"{usual[tests]:.0f} s without a change: {' '.join(tests)}", flush=True)
    tally: Counter[str] = Counter()
    survivors: list[str] = []
    for path, number, line, what, tests in chosen:
        shutil.copy(kept, database)
        timeout = 30 + PATIENCE * usual[tests]
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
