"""Guesses at one identifier and at many, for a day and for a year."""

from datetime import datetime, timedelta

from tools.simulation.tally import Tally
from tools.simulation.world import DAY, HOUR, Clock, Owner, Person, add_users, count

SIX_DIGITS = 10**6
MONTH = timedelta(days=33)  # a limit of 30 days looks back that far at most


def one_identifier(clock: Clock, addresses: int = 10_000) -> Tally:
    """Guess at one identifier from many addresses for a day. Its owner comes every three hours."""
    tally, [identifier] = Tally(), add_users(1)
    owner = Owner(identifier)
    visits = {addresses * hour // 24 for hour in range(1, 24, 3)}
    for number in range(addresses):
        clock.tick(DAY / addresses)
        attacker = Person(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        if attacker.ask(identifier.value):
            tally.counts["messages sent"] += 1
            attacker.guess_on(tally)
        else:
            tally.counts["flows refused"] += 1
        if number in visits:
            owner.try_in(tally)
    tally.counts["guesses at six digits"] = tally.guesses[SIX_DIGITS]
    tally.bound("guesses at six digits", 10)
    tally.bound("messages sent", 30)
    tally.never(
        "the owner in a recognised browser: refused", "the owner in a new browser, with the link: refused"
    )
    return tally


def many_identifiers(clock: Clock, targets: int = 2_000, addresses: int = 1_000) -> Tally:
    """Make five guesses at each of many identifiers, over a day. Others sign in meanwhile."""
    tally, victims = Tally(), add_users(targets + targets // 10)
    for number, victim in enumerate(victims[:targets]):
        clock.tick(DAY / targets)
        attacker = Person(f"10.0.{number % addresses // 250}.{number % 250}")
        if not attacker.ask(victim.value):
            tally.counts["flows refused"] += 1
            continue
        tally.counts["messages sent"] += 1
        attacker.guess_on(tally)
        if number % 10 == 0:
            visitor = victims[targets + number // 10]
            person = Person(f"203.0.{number // 250 % 250}.{number % 250}")
            count(tally, "others in a new browser", person.sign_in(visitor.value))
    tally.counts["guesses at six digits"] = tally.guesses[SIX_DIGITS]
    # Each code that was sent before codes have grown can be tried once more.
    tally.bound("guesses at six digits", 1_000)
    tally.never("others in a new browser: refused")
    return tally


def patient(clock: Clock, days: int = 365, a_day: int = 9, a_month: int = 99) -> Tally:
    """Guess at one identifier for a year, as often as its codes keep six digits, from a new address each time."""
    tally, [identifier] = Tally(), add_users(1)
    past: list[tuple[datetime, int]] = []
    until, number = clock.now + timedelta(days=days), 0
    while clock.now < until:
        clock.tick(26 * HOUR)  # a limit of 24 h looks back that far at most
        left = min(a_day, a_month - sum(n for when, n in past if clock.now - when < MONTH))
        past.append((clock.now, left))
        for already in range(0, left, 3):
            clock.tick(HOUR / 2)
            number += 1
            attacker = Person(f"10.{number // 250}.{number % 250}.1")
            assert attacker.ask(identifier.value)
            for _ in range(min(3, left - already)):
                attacker.guess(tally)
    tally.counts["guesses at six digits"] = tally.guesses[SIX_DIGITS]
    tally.counts["guesses at longer codes"] = sum(tally.guesses.values()) - tally.guesses[SIX_DIGITS]
    tally.bound("guesses at six digits", a_month * (days // 30 + 1))
    tally.never("guesses at longer codes", "broken into")
    return tally


def patient_at_many(clock: Clock, targets: int = 249, addresses: int = 83) -> Tally:
    """Make four guesses at each of many identifiers, over a day: the whole site keeps six digits for so many."""
    tally = Tally()
    for number, victim in enumerate(add_users(targets)):
        clock.tick(DAY / targets)
        attacker = Person(f"10.{number % addresses}.0.1")
        assert attacker.ask(victim.value)
        for _ in range(4):
            attacker.guess(tally)
    tally.counts["guesses at six digits"] = tally.guesses[SIX_DIGITS]
    tally.bound("guesses at six digits", 1_000)
    return tally
