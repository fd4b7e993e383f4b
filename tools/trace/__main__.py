"""Print the trace: `python -m tools.trace`, or one step in full with `--step "API create" --list`."""

import argparse

from tools.site import databases
from tools.trace import STEPS


def options() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tools.trace",
        description="How many functions of the package each step of a sign-in calls.",
    )
    parser.add_argument("--step", choices=STEPS, help="print this step only")
    parser.add_argument(
        "--list", action="store_true", help="print the functions in the order of their first call"
    )
    return parser.parse_args()


def main(given: argparse.Namespace) -> None:
    """Trace the steps on a temporary SQLite file and print them."""
    with databases.sqlite() as url:
        databases.start(url)
        from tools.trace import steps  # imports models, which need Django's settings

        traced = steps.trace()
    print(f"{'step':<14}{'functions':>10}{'files':>7}")
    for name, calls in traced.items():
        if given.step in {None, name}:
            print(f"{name:<14}{calls.functions:>10}{calls.files:>7}")
            if given.list:
                print("\n".join(calls.lines()))


main(options())
