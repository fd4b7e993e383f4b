"""Attacks by SMS, which costs money: with numbers of strangers, and with the attacker's own."""

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier
from tools.simulation.mail import NEVER_REFUSED, addresses
from tools.simulation.tally import Tally
from tools.simulation.world import (
    DAY,
    HOUR,
    WINDOWS,
    Clock,
    Others,
    Owner,
    Person,
    add_users,
    count,
    switch_on_sms,
)

PHONE = "phone_number"
PAUSE = 3_900  # seconds that a limit of an hour looks back over at most


def pumping(clock: Clock, numbers: int = 1_000) -> Tally:
    """Ask for SMS to many numbers of one range, each from another address. Then a user signs in by SMS."""
    switch_on_sms()
    tally, [user] = Tally(), add_users(1, PHONE)
    for number in range(numbers):
        clock.tick(DAY / numbers)
        robot = Person(f"10.{number // 250}.{number % 250}.1")
        granted = robot.ask(f"+1415556{number:04}", newcomer=True)
        tally.counts["flows granted" if granted else "flows refused"] += 1
    tally.counts["SMS to the range"] = _sent()
    count(tally, "a user in the country of the range", Person("203.0.113.1").sign_in(user.value))
    tally.bound("SMS to the range", 20)
    tally.never("a user in the country of the range: refused")
    return tally


def success_loop(clock: Clock, hours: int = 24) -> Tally:
    """Sign in and out with one number, in one browser, as often as the limits let it pass."""
    tally = _loop(clock, hours, new_browsers=False)
    tally.bound("SMS to the number", 11)
    return tally


def success_loop_in_new_browsers(clock: Clock, hours: int = 24) -> Tally:
    """Sign in and out with one number, in the same browser and in a new one in turn."""
    tally = _loop(clock, hours, new_browsers=True)
    tally.bound("SMS to the number", 15)
    return tally


def _loop(clock: Clock, hours: int, new_browsers: bool) -> Tally:
    switch_on_sms()
    tally, [mine, neighbour], ip = Tally(), add_users(2, PHONE), "203.0.113.9"
    others, at_the_address, browser = Others(hours, PHONE), Owner(neighbour, ip), Person(ip)
    for hour in range(hours):
        for _ in range(WINDOWS):
            clock.tick(HOUR / WINDOWS)
            for person in [browser, Person(ip)][: 1 + new_browsers]:
                before = _sent()
                if person.sign_in(mine.value):
                    person.known = [mine]
                tally.counts["SMS to the number"] += _sent() - before
        others.try_in(tally)
        if hour % 6 == 0:
            at_the_address.try_in(tally)
    tally.never(*NEVER_REFUSED[:1], *NEVER_REFUSED[2:])
    return tally


def bomb(clock: Clock, hours: int = 24, sources: int = 3) -> Tally:
    """Ask for SMS to one number from three addresses, as soon as one is free. The owner comes every six hours."""
    switch_on_sms()
    tally, [identifier] = Tally(), add_users(1, PHONE)
    owner, others = Owner(identifier), Others(hours, PHONE)
    for hour in range(hours):
        for _ in range(WINDOWS):
            clock.tick(HOUR / WINDOWS)
            for ip in addresses(sources):
                while Person(ip).ask(identifier.value):
                    tally.counts["SMS to the owner that strangers have asked for"] += 1
        others.try_in(tally)
        if hour % 6 == 1:
            owner.try_in(tally)
    tally.bound("SMS to the owner that strangers have asked for", 15)
    tally.never(*NEVER_REFUSED[:1], *NEVER_REFUSED[2:])
    return tally


def own_numbers(clock: Clock, numbers: int = 500, sources: int = 200, hours: int = 24) -> Tally:
    """Make accounts with many numbers, and type every code; on the next day sign in with all of them.

    Whenever the limits of an hour are free again, all try in a new browser and in one that is recognised.
    """
    switch_on_sms()
    rounds = hours * HOUR // PAUSE
    tally, [owner] = Tally(), add_users(1, PHONE)
    people, others = Owner(owner), Others(2 * rounds, PHONE)
    values = [f"+1{area}{200 + number}{number:04}" for area in (303, 702) for number in range(numbers // 2)]
    waiting, browsers = list(enumerate(values)), {}
    for hour in range(rounds):
        clock.tick(PAUSE)
        others.try_in(tally)
        before, refused = _sent(), []
        for number, value in waiting:
            browser = Person(f"10.0.{number % sources}.1")
            if browser.sign_up_by_transfer(value):
                browsers[value] = browser
            else:
                refused.append((number, value))
        waiting = refused
        tally.counts["SMS to new numbers"] += _sent() - before
        if hour % 6 == 1:
            people.try_in(tally)
    tally.bound("SMS to new numbers", 500)
    tally.never(*NEVER_REFUSED[:1])
    tally.finish_day("day 1")
    mine = {each.value: each for each in Identifier.objects.filter(value__in=browsers)}
    tally.counts["accounts of the attacker"] = len(mine)
    for hour in range(rounds):
        clock.tick(PAUSE)
        before = _sent()
        for number, (value, browser) in enumerate(browsers.items()):
            browser.known = [mine[value]]
            browser.sign_in(value)
            Person(f"10.0.{(number + hour) % sources}.1").sign_in(value)
        tally.counts["SMS to own numbers"] += _sent() - before
        if hour % 6 == 1:
            people.try_in(tally)
        others.try_in(tally)
    tally.finish_day("day 2")
    tally.bound("day 2: SMS to own numbers", 11_000)
    return tally


def _sent() -> int:
    return len([message for message in memory.sent if message.channel == "sms"])
