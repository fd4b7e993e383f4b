"""Attacks from an address or a network that others share, and on the limits that sources have shares of."""

import random

from passwordless_otp.models import InstanceSettings
from passwordless_otp.rate_limits.windows import bucket_for, totals
from tools.simulation.mail import NETWORK_56, NEVER_REFUSED
from tools.simulation.tally import Bound, Tally
from tools.simulation.world import HOUR, WINDOWS, Clock, Others, Owner, Person, add_users

# What one /56 can take of each limit: half of it.
SHARED = ["instance_failures", "instance_failures_per_day", "emails_unproven", "instance_unknown_account"]


def neighbour(clock: Clock, hours: int = 24) -> Tally:
    """Use up every limit of the owner's address before they come, once an hour."""
    tally, [identifier], number, ip = Tally(), add_users(1), 0, "203.0.113.9"
    owner, others = Owner(identifier, ip), Others(hours)
    for _ in range(hours):
        clock.tick(HOUR)
        while (robot := Person(ip)).ask(f"junk{number}@example.net", newcomer=True):
            number += 1
            tally.counts["emails to junk addresses"] += 1
            robot.guess_on(tally)
            latest = robot
        while latest.type_nonsense():
            tally.counts["steps"] += 1
        owner.try_in(tally)
        others.try_in(tally)
    tally.never(NEVER_REFUSED[0], *NEVER_REFUSED[2:])
    return tally


def line(clock: Clock, hours: int = 3, questions: int = 1_200) -> Tally:
    """Ask and guess from every /64 of one /56: at one address, at junk addresses, with and without an account."""
    tally, [identifier], choice, others = Tally(), add_users(1), random.Random(1), Others(hours)
    settings = InstanceSettings.current()
    for hour in range(hours):
        for number in range(questions):
            clock.tick(HOUR / questions)
            junk = Person(choice.choice(NETWORK_56))
            if junk.ask(f"junk{hour}-{number}@example.net", newcomer=number % 4 > 0):
                junk.guess(tally)
            Person(choice.choice(NETWORK_56)).ask(identifier.value)
        for name in SHARED:
            _keep_highest(tally, name, totals(bucket_for(settings, name))[0])
        of_owner = bucket_for(settings, "identifier_emails", *identifier.identifier)
        _keep_highest(tally, "identifier_emails", totals(of_owner)[0])
        others.try_in(tally)
        clock.tick(HOUR / 6)  # what they have counted is not in the hour that is read next
    tally.bounds += [
        Bound(f"{name}, of {settings.limit(name)}", tally.counts[name], settings.limit(name) // 2)
        for name in [*SHARED, "identifier_emails"]
    ]
    tally.never(*NEVER_REFUSED[2:])
    return tally


def _keep_highest(tally: Tally, name: str, total: int) -> None:
    tally.counts[name] = max(tally.counts[name], total)


def farm(clock: Clock, hours: int = 24) -> Tally:
    """Make accounts from one address, by a sign-up and from a sign-in in turn; every code is read and typed."""
    tally, others, made, number = Tally(), Others(hours), [], 0
    for hour in range(hours):
        for window in range(WINDOWS):
            clock.tick(HOUR / WINDOWS)
            refused = 0
            while refused < 2:  # noqa: PLR2004 - neither way is left
                robot, number = Person("203.0.113.9"), number + 1
                make = robot.sign_up_by_transfer if number % 2 else robot.sign_up
                if make(f"junk{number}@example.net"):
                    made.append(WINDOWS * hour + window)
                else:
                    refused += 1
        others.try_in(tally)
    tally.counts["accounts"] = len(made)
    an_hour = [len([each for each in made if since <= each < since + WINDOWS]) for since in set(made)]
    tally.counts["accounts within an hour, at most"] = max(an_hour)
    tally.bound("accounts", 200)
    tally.bound("accounts within an hour, at most", 30)
    tally.never(*NEVER_REFUSED[2:])
    return tally
