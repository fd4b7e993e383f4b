"""Print what a sign-in costs, on SQLite and on PostgreSQL if DATABASE_URL names a server."""

import argparse
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TypeVar

from tools.benchmarks import imports, table, worker
from tools.benchmarks.throughput import WARM_UP, Emails, Load, load, served
from tools.site import BLOCKING, RECORD, databases

USERS = 50_000  # for the servers of a part: no user signs in twice
TIMED = 1000  # numbers of users reserved for one timing
GROWN_CLIENTS = 8
MOST = {"flows": 900, "seconds": 20, "repeats": 9, "rows": 10_000_000}

DELIVERY = {"left out": RECORD, "in the request": BLOCKING}

Result = TypeVar("Result")
Databases = dict[str, Callable[[], AbstractContextManager[str]]]


def show_statements(kinds: Databases, given: argparse.Namespace) -> None:
    """Print SQL statements and transaction controls of each step."""
    rows = []
    for kind, database in kinds.items():
        for label, dispatch in DELIVERY.items():
            with database() as url:
                steps = worker.run(url, "statements", dispatch=dispatch)
            rows += [[kind, label, step, *cost.values()] for step, cost in steps.items()]
    table.show("SQL a step", ["database", "delivery", "step", "statements", "controls"], rows)


def show_flows(kinds: Databases, given: argparse.Namespace) -> None:
    """Print the milliseconds of a flow in one process."""
    rows = []
    for kind, database in kinds.items():
        for label, dispatch in DELIVERY.items():
            with database() as url:
                timing = worker.run(url, "time", 0, given.flows, dispatch=dispatch)
            rows.append([kind, label, timing["cpu"], timing["wall"]])
    title = f"One flow in one process, median of {given.flows}"
    table.show(title, ["database", "delivery", "CPU ms", "wall ms"], rows)


def show_throughput(kinds: Databases, given: argparse.Namespace) -> None:
    """Print how many flows a second a server does."""
    rows = []
    for kind, database in kinds.items():
        with database() as url, warm_server(url) as run:
            loads = [run(clients, given.seconds) for clients in given.clients]
        rows += [[kind, each.clients, each.per_second, each.milliseconds, each.failures] for each in loads]
    title = f"Flows a second, 2 workers, delivery in the request, {given.seconds:g} s each"
    table.show(title, ["database", "clients", "flows/s", "median ms", "failures"], rows)


def show_rows(kinds: Databases, given: argparse.Namespace) -> None:
    """Print what a flow costs with empty tables and with many rows, taken alternately."""
    rows = []
    for kind, database in kinds.items():
        with database() as empty, database() as full:
            worker.run(empty, "fill", 0)
            began = time.monotonic()
            worker.run(full, "fill", given.rows)
            print(f"{kind}: filled in {time.monotonic() - began:.0f} s", flush=True)
            rows += [[kind, *row] for row in compare(empty, full, given)]
    title = f"{given.rows:,} identifiers and twice as many verifications, messages and counters"
    table.show(title, ["database", "what", "empty", "full", "ratio"], rows)


def compare(empty: str, full: str, given: argparse.Namespace) -> Iterator[tuple[object, ...]]:
    """Yield what was measured, its medians on both databases, and how many times more the full one costs."""
    both = [empty, full]

    def timed(side: int, number: int) -> dict[str, float]:
        timing: dict[str, float] = worker.run(both[side], "time", number * TIMED, given.flows)
        return timing

    timings = alternate(timed, given.repeats)
    for name in ["cpu", "wall"]:
        few, many = (statistics.median(timing[name] for timing in side) for side in timings)
        yield f"{name} ms a flow", few, many, f"{many / few:.2f}"
    with ExitStack() as stack:
        runs = [stack.enter_context(warm_server(url)) for url in both]
        loads = alternate(lambda side, _: runs[side](GROWN_CLIENTS, given.seconds), given.repeats)
    few, many = (statistics.median(each.per_second for each in side) for side in loads)
    yield f"flows/s, {GROWN_CLIENTS} clients", few, many, f"{few / many:.2f}"
    yield "failures", *(sum(each.failures for each in side) for side in loads), ""


def alternate(measure: Callable[[int, int], Result], repeats: int) -> list[list[Result]]:
    """Measure side 0 and side 1 in turn, so that a busy machine slows both. Each begins as often as the other."""
    results: list[list[Result]] = [[], []]
    for number in range(repeats):
        for side in [0, 1] if number % 2 == 0 else [1, 0]:
            results[side].append(measure(side, number))
    return results


def show_imports(kinds: Databases, given: argparse.Namespace) -> None:
    """Print how long a worker takes to start."""
    measured = imports.measure(repeats=5)
    row = [measured.modules, measured.own, measured.everything]
    table.show("Imports of a worker", ["modules of the package", "their own ms", "ms of all modules"], [row])


@contextmanager
def warm_server(database: str) -> Iterator[Callable[[int, float], Load]]:
    """Start a server with users who have not signed in, and yield what puts it under load."""
    first = 10 * TIMED
    worker.run(database, "users", first, first + USERS)
    emails = Emails(first, first + USERS)
    with served(database) as server:
        load(server, 4, WARM_UP, emails)
        yield lambda clients, seconds: load(server, clients, seconds, emails)


PARTS = {
    "statements": show_statements,
    "flows": show_flows,
    "throughput": show_throughput,
    "rows": show_rows,
    "imports": show_imports,
}


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART", help=", ".join(PARTS)
    )
    parser.add_argument(
        "--databases", nargs="+", choices=["sqlite", "postgresql"], default=["sqlite", "postgresql"]
    )
    parser.add_argument("--flows", type=int, default=200, help="flows of one timing")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32], help="clients of a server")
    parser.add_argument("--seconds", type=float, default=5, help="how long a server is under load each time")
    parser.add_argument("--rows", type=int, default=1_000_000, help="identifiers of the part `rows`")
    parser.add_argument("--repeats", type=int, default=4, help="how often the part `rows` measures")
    given = parser.parse_args()
    for name, most in MOST.items():
        if getattr(given, name) > most:
            parser.error(f"--{name} is at most {most}")
    return given


def main(given: argparse.Namespace) -> None:
    """Run the parts that were asked for."""
    kinds: Databases = {"sqlite": databases.sqlite}
    if server := os.environ.get("DATABASE_URL"):
        kinds["postgresql"] = lambda: databases.postgresql(server)
    kinds = {kind: database for kind, database in kinds.items() if kind in given.databases}
    print(f"{os.cpu_count()} processors, load average {os.getloadavg()[0]:.1f}")
    for name in given.only:
        PARTS[name](kinds, given)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers stop and databases are dropped
main(options())
