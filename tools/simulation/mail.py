"""Attacks by email: on the address of one person, and on the emails of the whole site."""

import random
from collections.abc import Callable, Iterable

from passwordless_otp.identifiers import mailbox
from passwordless_otp.models import Message
from passwordless_otp.models.messages import MessageKind, MessageStatus
from tools.simulation.tally import Tally
from tools.simulation.world import HOUR, WINDOWS, Clock, Others, Owner, Person, add_users, count

ASKED = "emails to the owner that strangers have asked for"
PAUSE = 650  # seconds that a limit of ten minutes looks back over at most
LINKS = "emails to the owner with an unlock link only"
OWNER = "the owner in a new browser, without the link: refused"
NEVER_REFUSED = [
    "the owner in a recognised browser: refused",
    "the owner in a new browser, with the link: refused",
    "others with an account in a new browser: refused",
    "new visitors: refused",
]
NETWORK_56 = [f"2001:db8:0:{number:x}::/64" for number in range(256)]
NETWORK_48 = [f"2001:db8:0:{number:x}::/64" for number in range(0, 65_536, 17)]


def addresses(number: int) -> list[str]:
    """Return so many IPv4 addresses that have nothing to do with one another."""
    return [f"10.{index}.0.1" for index in range(number)]


def tags(clock: Clock, hours: int = 24) -> Tally:
    """Ask for codes to another tag of the owner's address each time, from one address."""
    tally = Tally()
    _bomb(clock, tally, lambda: addresses(1), lambda owner, n: owner.replace("@", f"+{n}@"), hours, 10)
    tally.bound(OWNER, 2)
    return tally


def one_address(clock: Clock, hours: int = 24) -> Tally:
    """Ask for codes to the owner's address from one address."""
    tally = Tally()
    _bomb(clock, tally, lambda: addresses(1), _plain, hours, 10)
    tally.bound(OWNER, 2)
    return tally


def one_line(clock: Clock, hours: int = 24) -> Tally:
    """Ask for codes to the owner's address from every /64 of one /56."""
    tally, choice = Tally(), random.Random(1)
    _bomb(clock, tally, lambda: choice.sample(NETWORK_56, 4), _plain, hours, 15)
    tally.bound(OWNER, 2)
    return tally


def one_site(clock: Clock, hours: int = 24) -> Tally:
    """Ask for codes to the owner's address from every /64 of one /48."""
    tally, choice = Tally(), random.Random(1)
    _bomb(clock, tally, lambda: choice.sample(NETWORK_48, 6), _plain, hours, 20)
    tally.bound(OWNER, 2)
    return tally


def three_addresses(clock: Clock, hours: int = 24) -> Tally:
    """Ask for codes to the owner's address from three addresses."""
    tally = Tally()
    _bomb(clock, tally, lambda: addresses(3), _plain, hours, 30)
    return tally


def thirty_addresses(clock: Clock, hours: int = 24) -> Tally:
    """Ask for codes to the owner's address from thirty addresses."""
    tally = Tally()
    _bomb(clock, tally, lambda: addresses(30), _plain, hours, 30)
    return tally


def _plain(owner: str, number: int) -> str:
    return owner


def _bomb(
    clock: Clock,
    tally: Tally,
    sources: Callable[[], Iterable[str]],
    spell: Callable[[str, int], str],
    hours: int,
    most: int,
) -> None:
    """Ask for all codes that the limits let through, as soon as one is free again.

    The owner comes once an hour, at any time, and just after that.
    """
    [identifier] = add_users(1)
    owner, others, choice, asked = Owner(identifier), Others(hours), random.Random(2), 0
    for _ in range(hours):
        visit = choice.randrange(WINDOWS)
        for window in range(WINDOWS):
            clock.tick(HOUR / WINDOWS)
            for source in sources():
                person = Person(source)
                while person.ask(spell(identifier.value, asked)):
                    tally.counts[ASKED] += 1
                    asked += 1
                    person = Person(source)
                asked += 1
                if person.refusal is not None and not person.refusal.of_source:
                    break  # nobody gets another one
            if window == visit:
                owner.try_in(tally)
        others.try_in(tally)
    links = Message.objects.filter(kind=MessageKind.UNLOCK, status=MessageStatus.SENT)
    tally.counts[LINKS] = len([each for each in links if mailbox(each.to) == identifier.value])
    tally.bound(ASKED, most)
    tally.bound(LINKS, 3)
    tally.never(*NEVER_REFUSED)


def stopper(clock: Clock, hours: int = 4, sources: int = 6) -> Tally:
    """Use up the emails to addresses that nobody has proven. Others come whenever that may go on."""
    rounds, number = hours * HOUR // PAUSE, 0
    tally, others, [identifier] = Tally(), Others(rounds), add_users(1)
    owner = Owner(identifier)
    for each in range(rounds):
        clock.tick(PAUSE)
        for source in addresses(sources):
            while (robot := Person(source)).ask(f"junk{number}@example.net", newcomer=True):
                number += 1
                tally.counts["emails to junk addresses" if robot.has_code() else "emails not sent"] += 1
        others.try_in(tally)
        if each % 6 == 0:
            owner.try_in(tally)
    tally.bound("emails to junk addresses", 2_000 * hours)
    tally.never(OWNER, *NEVER_REFUSED[:3])
    return tally


def office(clock: Clock, users: int = 2_000, hours: int = 8) -> Tally:
    """Sign in many people behind one address by email, half of them in new browsers; one in ten mistypes."""
    tally = Tally()
    for number, user in enumerate(add_users(users)):
        clock.tick(hours * HOUR / users)
        who = "people in a new browser" if number % 2 else "people in a recognised browser"
        person = Person("192.0.2.1", [] if number % 2 else [user])
        asked = person.ask(user.value)
        mistypes = number // 2 % 10 == 0
        if asked and mistypes:
            person.guess(tally)
        count(tally, who, asked and person.come_in())
    tally.never("people in a new browser: refused", "people in a recognised browser: refused")
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
            count(tally, "pupils", first.come_in())
        person = Person("192.0.2.1")
        if person.ask(pupil.value):
            waiting.append((person, number % 10 == 0))
        else:
            count(tally, "pupils", False)
    for last, _ in waiting:
        count(tally, "pupils", last.come_in())
    tally.never("pupils: refused")
    return tally
