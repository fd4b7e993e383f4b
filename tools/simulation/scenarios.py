"""Attacks, each with the people whom they could lock out."""

from passwordless_otp.messaging import deliver
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message
from tools.simulation.world import Clock, Person, Tally, add_users, switch_on_sms

DAY = 86_400  # seconds


def one_identifier(clock: Clock, addresses: int = 10_000) -> Tally:
    """Guess at one identifier from many addresses for a day. Its owner signs in every three hours."""
    tally, [owner] = Tally(), add_users(1)
    assert owner.user_id is not None
    known = Person("198.51.100.1", [owner.user_id])
    visits = {addresses * hour // 24 for hour in range(1, 24, 3)}
    for number in range(addresses):
        clock.tick(DAY / addresses)
        attacker = Person(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        if attacker.ask(owner.value):
            tally.counts["messages sent"] += 1
            attacker.guess_on(tally)
        else:
            tally.counts["flows refused"] += 1
        if number in visits:
            _sign_in(known, owner.value, tally, "the owner, in a browser that is recognised")
            stranger = Person("203.0.113.9")
            _sign_in(stranger, owner.value, tally, "the owner, in a new browser")
    return tally


def many_identifiers(clock: Clock, targets: int = 5_000, addresses: int = 1_000) -> Tally:
    """Make five guesses at each of many identifiers, over a day. Others sign in meanwhile."""
    tally, victims = Tally(), add_users(targets + 500)
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
            _sign_in(Person(f"203.0.{number // 250 % 250}.{number % 250}"), visitor.value, tally, "others")
    return tally


def sms_pumping(clock: Clock, numbers: int = 1_000) -> Tally:
    """Ask for SMS to many numbers of one range, each from another address. Then a user signs in by SMS."""
    switch_on_sms()
    tally, [user] = Tally(), add_users(1, "phone_number")
    memory.sent.clear()
    for number in range(numbers):
        clock.tick(DAY / numbers)
        robot = Person(f"10.{number // 250}.{number % 250}.1")
        granted = robot.ask(f"+1415556{number:04}", newcomer=True)
        tally.counts["flows granted" if granted else "flows refused"] += 1
        for message in Message.objects.filter(status="pending"):
            deliver.run_job(message.pk)
    tally.counts["SMS sent"] = len(memory.sent)
    _sign_in(Person("203.0.113.1"), user.value, tally, "a user in the country of the range")
    return tally


def school(clock: Clock, users: int = 2_000, open_flows: int = 50) -> Tally:
    """Sign in many people behind one address, one a second, with so many flows open all the time."""
    tally = Tally()
    waiting: list[tuple[Person, bool]] = []  # with whether they mistype the code first
    for number, pupil in enumerate(add_users(users)):
        clock.tick(1)
        if len(waiting) == open_flows:
            first, mistypes = waiting.pop(0)
            if mistypes:
                first.guess(tally)
            tally.counts["pupils who got in" if first.come_in() else "pupils refused"] += 1
        person = Person("192.0.2.1")
        if person.ask(pupil.value):
            waiting.append((person, number % 10 == 0))
        else:
            tally.counts["pupils refused"] += 1
    for last, _ in waiting:
        tally.counts["pupils who got in" if last.come_in() else "pupils refused"] += 1
    return tally


def _sign_in(person: Person, identifier: str, tally: Tally, who: str) -> None:
    signed_in = person.ask(identifier) and person.come_in()
    tally.counts[f"{who}: {'in' if signed_in else 'refused'}"] += 1
