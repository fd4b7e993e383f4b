"""Print whether the time of an answer tells who has an account. The exit status is 1 if it does."""

import argparse
import sys
import time

from tools.site import RECORD, databases
from tools.timing import CLEAR, DELAY, LEAST, MOST

WARM_UP = 5  # batches


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m tools.timing", description=__doc__)
    parser.add_argument("--batches", type=int, default=200, help="batches of each group in a run")
    parser.add_argument("--requests", type=int, default=50, help="requests of a batch")
    parser.add_argument("--runs", type=int, default=3, help="most of them have to tell nothing")
    parser.add_argument("--steps", nargs="+", choices=["attempt", "prepare", "create"], default=["attempt"])
    given = parser.parse_args()
    for name in ["batches", "requests", "runs"]:
        if getattr(given, name) < 1:
            parser.error(f"--{name} is at least 1")
    return given


def main(given: argparse.Namespace) -> bool:
    """Measure each step and print it. Return whether most runs tell nothing, and the control is clear."""
    with databases.sqlite() as url:
        databases.start(url, RECORD)
        from tools.timing.measure import measure  # imports models, which need Django's settings

        passed = True
        print(f"{'step':<9}{'run':<9}{'known ms':>9}{'unknown ms':>12}{'AUC':>7}{'seconds':>9}")
        for step in given.steps:
            measure(step, WARM_UP, given.requests)
            silent = 0
            for run in [*range(1, given.runs + 1), "control"]:
                began = time.monotonic()
                found = measure(step, given.batches, given.requests, DELAY if run == "control" else 0)
                medians = [1000 * sorted(times)[len(times) // 2] for times in [found.known, found.unknown]]
                took = time.monotonic() - began
                print(
                    f"{step:<9}{run!s:<9}{medians[0]:>9.3f}{medians[1]:>12.3f}{found.auc:>7.2f}{took:>9.0f}",
                    flush=True,
                )
                silent += run != "control" and LEAST <= found.auc <= MOST
            passed = passed and silent > given.runs / 2 and found.auc >= CLEAR
    print(f"An AUC from {LEAST} to {MOST} tells nothing; the control has to reach {CLEAR}.")
    return passed


sys.exit(0 if main(options()) else 1)
