"""The attacks, each with the people who are in the way of it."""

from passwordless_otp.messaging import deliver
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Message
from tests.visitor import both_kinds
from tools.simulation.world import Person, Tally, people

DAY = 86_400  # seconds


def siege(clock, addresses=10_000):
    """One identifier, a whole day, from so many addresses; its owner comes by from where she is known."""
    tally, [owner] = Tally(), people(1)
    known = Person("198.51.100.1", [owner.user_id])
    visits = {addresses * hour // 24 for hour in range(1, 24, 3)}
    for number in range(addresses):
        clock.tick(DAY / addresses)
        attacker = Person(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        if attacker.ask(owner.value):
            tally.counts["messages sent"] += 1
            while attacker.guess(tally):
                pass
        else:
            tally.counts["flows refused"] += 1
        if number in visits:
            welcome(known, owner.value, tally, "the owner, in a browser that is recognised")
            stranger = Person("203.0.113.9")
            welcome(stranger, owner.value, tally, "the owner, in a new browser")
    return tally


def spray(clock, targets=5_000, addresses=1_000):
    """So many identifiers, five guesses each, spread over a day and many addresses; others sign in meanwhile."""
    tally, victims = Tally(), people(targets + 500)
    for number, victim in enumerate(victims[:targets]):
        clock.tick(DAY / targets)
        attacker = Person(f"10.0.{number % addresses // 250}.{number % 250}")
        if not attacker.ask(victim.value):
            tally.counts["flows refused"] += 1
            continue
        tally.counts["messages sent"] += 1
        while attacker.guess(tally):
            pass
        if number % 10 == 0:
            visitor = victims[targets + number // 10]
            welcome(Person(f"203.0.{number // 250 % 250}.{number % 250}"), visitor.value, tally, "others")
    return tally


def pump(clock, numbers=1_000):
    """Numbers of one range that earn by every SMS, each from as many addresses; a member signs in, too."""
    both_kinds()
    tally, [member] = Tally(), people(1, "phone_number")
    memory.sent.clear()
    for number in range(numbers):
        clock.tick(DAY / numbers)
        robot = Person(f"10.{number // 250}.{number % 250}.1")
        granted = robot.ask(f"+1415556{number:04}", newcomer=True)
        tally.counts["flows granted" if granted else "flows refused"] += 1
        for message in Message.objects.filter(status="pending"):
            deliver.deliver_message(message.pk)
    tally.counts["SMS sent"] = len(memory.sent)
    welcome(Person("203.0.113.1"), member.value, tally, "a member of the same range's country")
    return tally


def school(clock, users=2_000, at_once=50):
    """So many people behind one address, as fast as they may: so many flows are open all the time."""
    tally, pupils = Tally(), people(users)
    waiting = []
    for number, pupil in enumerate(pupils):
        clock.tick(1)
        if len(waiting) == at_once:
            first, misspells = waiting.pop(0)
            if misspells:
                first.guess(tally)
            tally.counts["pupils who got in" if first.come_in() else "pupils refused"] += 1
        pupil_at_desk = Person("192.0.2.1")
        if pupil_at_desk.ask(pupil.value):
            waiting.append((pupil_at_desk, number % 10 == 0))
        else:
            tally.counts["pupils refused"] += 1
    for last, _misspells in waiting:
        tally.counts["pupils who got in" if last.come_in() else "pupils refused"] += 1
    return tally


def welcome(person, identifier, tally, who):
    """Somebody with every right signs in."""
    came = person.ask(identifier) and person.come_in()
    tally.counts[f"{who}: {'in' if came else 'refused'}"] += 1
