"""Simulate the scenarios, each in a database of its own: `python -m tools.simulation`."""

import argparse
import logging
import os
import time
from collections.abc import Callable

import django

from tools.site import RECORD

os.environ |= {"DJANGO_SETTINGS_MODULE": "tools.site.settings", "TOOLS_DISPATCH": RECORD}
django.setup()

from django.conf import settings  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402

from passwordless_otp.models import settings_cache  # noqa: E402
from tools.simulation import scenarios  # noqa: E402
from tools.simulation.world import Clock, Tally  # noqa: E402

MEMORY = [{"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}]
SCENARIOS: dict[str, tuple[str, Callable[[Clock], Tally]]] = {
    "one_identifier": ("One identifier, 24 h, 10,000 addresses", scenarios.one_identifier),
    "many_identifiers": ("5,000 identifiers one by one, 24 h", scenarios.many_identifiers),
    "sms_pumping": ("SMS to 1,000 numbers of one range, 24 h", scenarios.sms_pumping),
    "school": ("A school: 2,000 people behind one address, 50 flows open at the same time", scenarios.school),
}
# Ten tries an hour for a year, at codes of six digits.
CHANCE_IN_A_YEAR = 1 - (1 - 1e-6) ** (10 * 24 * 365)


def simulate(scenario: Callable[[Clock], Tally]) -> Tally:
    """Run the scenario on empty tables."""
    databases = setup_databases(verbosity=0, interactive=False)
    settings_cache.clear()
    try:
        with Clock().running() as clock:
            return scenario(clock)
    finally:
        teardown_databases(databases, verbosity=0)


def main(names: list[str]) -> None:
    """Simulate the scenarios with these names and print their tallies."""
    setup_test_environment()
    logging.disable(logging.CRITICAL)
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": MEMORY, "sms": MEMORY}}
    for name in names:
        title, scenario = SCENARIOS[name]
        started = time.monotonic()
        tally = simulate(scenario)
        print(f"\n{title} ({time.monotonic() - started:.0f} s)")
        for possible, number in sorted(tally.guesses.items()):
            print(f"  {number:6} guesses compared with one of {possible:.3g} codes")
        for what, number in sorted(tally.counts.items()):
            print(f"  {number:6} {what}")
        if tally.guesses:
            print(f"  chance that one was right: {tally.chance:.2e}")
    print(f"\nFor comparison, ten tries an hour at six digits, for a year: {CHANCE_IN_A_YEAR:.1%}")


parser = argparse.ArgumentParser(prog="python -m tools.simulation", description=scenarios.__doc__)
parser.add_argument(
    "--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="SCENARIO", help=", ".join(SCENARIOS)
)
main(parser.parse_args().only)
