"""Play all scenarios, each in a database of its own, and print what came of them."""

import logging
import os
import sys
import time

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402

from passwordless_otp.models import settings_cache  # noqa: E402
from tools.simulation import scenarios  # noqa: E402
from tools.simulation.world import Clock  # noqa: E402

ALL = {
    "One identifier, 24 h, 10,000 addresses": scenarios.siege,
    "A spray over 5,000 identifiers, 24 h": scenarios.spray,
    "A pump: 1,000 numbers of one range, 24 h": scenarios.pump,
    "A school: 2,000 people behind one address, 50 flows open at once": scenarios.school,
}
WORTH_A_YEAR = 1 - (1 - 1e-6) ** (10 * 24 * 365)  # of ten tries an hour at six digits


def play(scenario):
    """Run it on empty tables; return its tally."""
    databases = setup_databases(verbosity=0, interactive=False)
    settings_cache.clear()
    try:
        with Clock().running() as clock:
            return scenario(clock)
    finally:
        teardown_databases(databases, verbosity=0)


def main(wanted):
    setup_test_environment()
    logging.disable(logging.CRITICAL)
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tools.simulation.world.leave"}
    for title, scenario in ALL.items():
        if wanted and scenario.__name__ not in wanted:
            continue
        started = time.monotonic()
        tally = play(scenario)
        print(f"\n{title} ({time.monotonic() - started:.0f} s)")
        for possible, number in sorted(tally.guesses.items()):
            print(f"  {number:6} guesses compared with one of {possible:.3g} codes")
        for what, number in sorted(tally.counts.items()):
            print(f"  {number:6} {what}")
        if tally.guesses:
            print(f"  chance that one was right: {tally.chance:.2e}")
    print(f"\nFor comparison, ten tries an hour at six digits, for a year: {WORTH_A_YEAR:.1%}")


main(sys.argv[1:])
