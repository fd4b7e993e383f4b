"""Simulate the scenarios, each on empty tables: `python -m tools.simulation`.

It ends with 1 if a bound is broken.
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import NamedTuple
from unittest import mock

import django

from tools.site import RECORD

os.environ |= {"DJANGO_SETTINGS_MODULE": "tools.site.settings", "TOOLS_DISPATCH": RECORD}
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test.utils import setup_databases, setup_test_environment, teardown_databases  # noqa: E402

from passwordless_otp.messaging.backends import memory  # noqa: E402
from passwordless_otp.models import settings_cache  # noqa: E402
from passwordless_otp.rate_limits import rules  # noqa: E402
from passwordless_otp.rate_limits.windows import Bucket  # noqa: E402
from tools.simulation import guessing, mail, neighbours, phones  # noqa: E402
from tools.simulation.tally import Tally  # noqa: E402
from tools.simulation.world import Clock  # noqa: E402
from tools.site.package import recorded  # noqa: E402

MEMORY = [{"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}]


class Scenario(NamedTuple):
    """What is simulated, and the smaller sizes of `--small`."""

    title: str
    run: Callable[..., Tally]
    small: dict[str, int]
    days: int = 0  # that the guesses took, where they can be scaled to a year


SCENARIOS = {
    "one_identifier": Scenario(
        "Guesses at one identifier from 10,000 addresses, 24 h", guessing.one_identifier, {"addresses": 120}, 1
    ),
    "many_identifiers": Scenario(
        "Guesses at 2,000 identifiers, one by one, 24 h", guessing.many_identifiers, {"targets": 100}, 1
    ),
    "patient": Scenario(
        "Guesses at one identifier for a year, as many as six digits are kept for",
        guessing.patient,
        {"days": 15},
        365,
    ),
    "patient_at_many": Scenario(
        "Guesses at many identifiers, as many as the site keeps six digits for, 24 h",
        guessing.patient_at_many,
        {"targets": 60},
        1,
    ),
    "tags": Scenario("Codes for victim+n@, from one address, 24 h", mail.tags, {"hours": 4}),
    "one_address": Scenario("Codes for one address, from one IP address, 24 h", mail.one_address, {"hours": 4}),
    "one_line": Scenario("Codes for one address, from one /56, 24 h", mail.one_line, {"hours": 3}),
    "one_site": Scenario("Codes for one address, from one /48, 24 h", mail.one_site, {"hours": 2}),
    "three_addresses": Scenario(
        "Codes for one address, from three IP addresses, 24 h", mail.three_addresses, {"hours": 4}
    ),
    "thirty_addresses": Scenario(
        "Codes for one address, from thirty IP addresses, 24 h", mail.thirty_addresses, {"hours": 3}
    ),
    "stopper": Scenario(
        "Codes for junk addresses, from six IP addresses, 4 h", mail.stopper, {"hours": 1, "sources": 1}
    ),
    "neighbour": Scenario(
        "A neighbour at the owner's IP address fills every limit, 24 h", neighbours.neighbour, {"hours": 1}
    ),
    "line": Scenario(
        "All of one /56 against the shares of sources, 3 h", neighbours.line, {"hours": 1, "questions": 150}
    ),
    "farm": Scenario("Accounts made from one IP address, 24 h", neighbours.farm, {"hours": 2}),
    "pumping": Scenario("SMS to 1,000 numbers of one range, 24 h", phones.pumping, {"numbers": 100}),
    "bomb": Scenario("SMS to one number, from three IP addresses, 24 h", phones.bomb, {"hours": 6}),
    "success_loop": Scenario(
        "One number signs in and out, in one browser, 24 h", phones.success_loop, {"hours": 6}
    ),
    "success_loop_in_new_browsers": Scenario(
        "One number signs in and out, also in new browsers, 24 h",
        phones.success_loop_in_new_browsers,
        {"hours": 6},
    ),
    "own_numbers": Scenario(
        "500 numbers of the attacker, every code typed, from 200 IP addresses, 48 h",
        phones.own_numbers,
        {"numbers": 20, "sources": 10, "hours": 3},
    ),
    "office": Scenario("2,000 people behind one IP address, by email, 8 h", mail.office, {"users": 150}),
    "school": Scenario(
        "2,000 people behind one IP address, 50 flows open at the same time", mail.school, {"users": 150}
    ),
}


def without_shares(total: Bucket, sources: object, factor: int = 1) -> list[Bucket]:
    """Return the bucket alone, as if one source could take all of it: a control."""
    return [total]


def simulate(scenario: Scenario, small: bool) -> Tally:
    """Run the scenario on empty tables."""
    call_command("flush", interactive=False, verbosity=0)
    for kept in (settings_cache.entries, memory.sent, recorded):
        kept.clear()
    with Clock().running() as clock:
        return scenario.run(clock, **(scenario.small if small else {}))


def show(scenario: Scenario, tally: Tally, seconds: float) -> None:
    """Print what came of it."""
    print(f"\n{scenario.title} ({seconds:.0f} s)")
    for possible, number in sorted(tally.guesses.items()):
        if number:
            print(f"  {number:6}  guesses compared with one of {possible:.3g} codes")
    for what, number in sorted(tally.counts.items()):
        print(f"  {number:6}  {what}")
    if tally.guesses:
        print(f"  chance that one guess was right: {tally.chance:.2e}")
    if scenario.days and tally.guesses:
        print(f"  in a year of such days: {1 - (1 - tally.chance) ** (365 / scenario.days):.2%}")
    for bound in tally.bounds:
        print(f"  {'holds' if bound.holds else 'BROKEN'}: {bound.what}: {bound.value} (at most {bound.most})")


def main(names: Iterable[str], small: bool, control: bool) -> bool:
    """Simulate the scenarios with these names and print their tallies. Tell whether all bounds hold."""
    setup_test_environment()
    logging.disable(logging.CRITICAL)
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": MEMORY, "sms": MEMORY}}
    databases, hold = setup_databases(verbosity=0, interactive=False), True
    try:
        for name in names:
            started = time.monotonic()
            with mock.patch.object(rules, "with_shares", without_shares) if control else nullcontext():
                tally = simulate(SCENARIOS[name], small)
            show(SCENARIOS[name], tally, time.monotonic() - started)
            hold = hold and all(bound.holds for bound in tally.bounds)
    finally:
        teardown_databases(databases, verbosity=0)
    return hold


parser = argparse.ArgumentParser(prog="python -m tools.simulation", description=__doc__)
parser.add_argument(
    "--only", nargs="+", choices=SCENARIOS, default=list(SCENARIOS), metavar="SCENARIO", help=", ".join(SCENARIOS)
)
parser.add_argument("--small", action="store_true", help="a few hours and visitors instead of a day")
parser.add_argument(
    "--without-shares", action="store_true", help="a control: bounds break without sources' shares"
)
arguments = parser.parse_args()
sys.exit(0 if main(arguments.only, arguments.small, arguments.without_shares) else 1)
