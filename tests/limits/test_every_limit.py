"""The rules of limits, for each of them: nobody who fills a counter keeps out those whom the rules protect.

A limit declares two things, and these tests hold it to them:

* `Limit.shared`: several sources fill one counter, and its end refuses or silences others. Then no source takes
  more than its share of it.
* `Limit.refund`: whether a success gives back what it has counted. It may only where that has cost nothing.

A new limit needs a row in `tests.limits.table`: what fills it, and what its end keeps somebody from.
"""

import pytest

from passwordless_otp.models.instance_settings import limits
from passwordless_otp.rate_limits import rules
from passwordless_otp.visitor import Group, Visitor
from tests.limits.people import HERE, HOME, LIMITS, NUMBER, OWNER, at, gets_in, holder, recognised, sent, sign_out
from tests.limits.table import APART, TABLE, TAGGED, add_holders, proven_number, unlocked
from tests.rate_limits.rows import only

pytestmark = pytest.mark.usefixtures("site")
SIX = 6  # the limit under test; all others are as wide as they can be
OFTEN = 2 * SIX
MANY = [f"198.{block}.100.1" for block in range(10, 10 + SIX)]
LINE = [f"2001:db8:0:{number:x}::1" for number in range(SIX)]  # of one /56
NETWORK = [f"2001:db8:0:{number:x}00::1" for number in range(SIX)]  # of one /48
PEOPLE = [name for name in TABLE if TABLE[name].person]
SHARED = [name for name in TABLE if LIMITS[name].shared]
UNSHARED = (
    "recognised_",
    "unlocked_",
    "ip_",
    "identifier_failures",
    *[name for name in APART if not name.startswith("instance_")],
)
MAIL = ("identifier_emails", "mailbox_emails", "recognised_emails", "ip_emails")


@pytest.fixture(autouse=True)
def people(site):
    only()
    holder(OWNER, NUMBER, TAGGED)
    add_holders()


def fill(name, ips, times=OFTEN):
    """Let whoever is at these addresses, in turn, take as much of the limit as they can."""
    only(**{name: SIX})
    for number in range(times):
        TABLE[name].spend(ips[number % len(ips)], number)


def place(name):
    """Where the owner is: beside the attacker, where they share a counter for their address."""
    return MANY[0] if TABLE[name].per_source else HOME


# What limits declare


def test_each_limit_is_in_the_table_or_stands_apart():
    assert TABLE.keys() | APART.keys() == LIMITS.keys()
    assert not TABLE.keys() & APART.keys()


def test_each_counter_that_several_sources_fill_is_shared():
    assert [name for name in LIMITS if LIMITS[name].shared == name.startswith(UNSHARED)] == []


def test_only_what_has_cost_nothing_is_refunded():
    """Wrong codes by a proof; flows, and emails that a visitor is refused, by a sign-in alone."""
    refunds = {name: LIMITS[name].refund for name in LIMITS}
    assert [name for name in LIMITS if refunds[name] == limits.Refund.BY_PROOF and "failures" not in name] == []
    by_sign_in = {name for name in LIMITS if refunds[name] == limits.Refund.BY_SIGN_IN}
    assert [name for name in by_sign_in if name != "ip_flows" and not name.startswith(MAIL)] == []
    assert [name for name in by_sign_in if "sms" in name or "sign_ups" in name] == []


# A counter that is full


@pytest.mark.parametrize("name", TABLE)
def test_new_browser_meets_the_end_of_a_counter_that_others_have_filled(name):
    """The control of the others: they do fill it."""
    row = TABLE[name]
    fill(name, [place(name)] if row.per_source else MANY)
    assert row.served(at(place(name))) == (not (row.ends and row.reachable))


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_new_browser_is_served_where_nobody_has_filled_anything(name):
    only(**{name: SIX})
    assert TABLE[name].served(at(place(name)))


@pytest.mark.parametrize("name", PEOPLE)
def test_recognised_browser_is_never_refused(name):
    row = TABLE[name]
    visitor = recognised(row.person, ip=place(name))
    fill(name, [place(name)] if row.per_source else MANY)
    assert row.served(visitor)


@pytest.mark.parametrize("name", [name for name in PEOPLE if not TABLE[name].by_sms])
def test_browser_with_an_unlock_link_is_never_refused(name):
    row = TABLE[name]
    recognised(row.person)  # a message has gone out
    visitor = unlocked(row.person, place(name))
    fill(name, [place(name)] if row.per_source else MANY)
    assert row.served(visitor)


# One source


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("ips", [[HERE], LINE, NETWORK], ids=["address", "/56", "/48"])
def test_source_leaves_others_their_share(name, ips):
    fill(name, ips)
    assert TABLE[name].served(at(HOME))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PEOPLE if not TABLE[name].per_source])
def test_recognised_browser_fills_no_counter_of_others(name):
    visitor = recognised(TABLE[name].person, ip=HERE)
    only(**{name: SIX})
    for _ in range(OFTEN):
        TABLE[name].served(visitor)
        sign_out(visitor)
    assert TABLE[name].served(at(HOME))


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLE)
def test_account_fills_no_counter_of_others_by_its_own_successes(name):
    own = proven_number(0) if TABLE[name].by_sms else "p0@example.org"
    only(**{name: SIX})
    for _ in range(OFTEN):
        gets_in(at(HERE), own)
    assert TABLE[name].served(at(HOME))


# The tests of others see a rule that is broken


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SHARED if TABLE[name].ends])
def test_control_without_shares_one_address_keeps_others_out(monkeypatch, name):
    monkeypatch.setattr(rules, "SHARES", [])
    fill(name, [HERE])
    assert not TABLE[name].served(at(HOME))


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PEOPLE if TABLE[name].ends and TABLE[name].reachable])
def test_control_without_groups_a_recognised_browser_is_refused(monkeypatch, name):
    visitor = recognised(TABLE[name].person, ip=place(name))
    monkeypatch.setattr(Visitor, "group_for", lambda *_: Group.OTHERS)
    fill(name, [place(name)] if TABLE[name].per_source else MANY)
    assert not TABLE[name].served(visitor)


# What all groups share


def test_strangers_leave_recognised_browsers_sms_of_a_number():
    only(**{name: LIMITS[name].default for name in LIMITS if "sms" in name})
    visitor = recognised(NUMBER)
    for hour in range(3):
        for ip in MANY:
            TABLE["identifier_sms"].spend(f"{ip}{hour}", 0)
    assert sent(NUMBER) <= LIMITS["identifier_sms_per_day"].default
    for _ in range(LIMITS["number_sms_per_day"].default - LIMITS["identifier_sms_per_day"].default):
        assert gets_in(visitor, NUMBER)
        sign_out(visitor)
