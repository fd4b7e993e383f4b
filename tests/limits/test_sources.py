"""No source takes more than its share of what others need: an address, a /64, a /56, a /48."""

import pytest

from tests.limits.people import (
    DAY,
    HERE,
    HOME,
    NUMBER,
    OWNER,
    ask,
    ask_all,
    at,
    gets_in,
    holder,
    lower,
    sent,
)
from tests.visitor import LIMITS, operate

pytestmark = pytest.mark.usefixtures("site")
GMAIL = "janedoe@gmail.com"
SPELLINGS = {
    "tags": (OWNER, [f"jane+{number}@example.com" for number in range(12)]),
    "dots": (GMAIL, ["janedo.e", "janed.oe", "jane.doe", "jan.edoe", "ja.nedoe", "j.anedoe", "j.a.nedoe"]),
    "tags of Gmail": (GMAIL, [f"janedoe+{number}" for number in range(12)]),
    "googlemail": (GMAIL, [f"jane.doe+{number}@googlemail.com" for number in range(12)]),
}
LINE = [f"2001:db8:0:{number:x}::1" for number in range(5)]  # five /64 of one /56
SITE = [f"2001:db8:0:{block:x}{number:02x}::1" for block in range(1, 5) for number in range(3)]  # of one /48


def spelled(texts):
    return [text if "@" in text else f"{text}@gmail.com" for text in texts]


# Spellings of one mailbox


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_a_mailbox_are_a_third_of_its_messages_for_one_address(name):
    _owner, texts = SPELLINGS[name]
    assert [ask(at(), spelling) for spelling in spelled(texts)].count(200) == 3


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_a_mailbox_do_not_keep_its_plain_owner_out(name):
    owner, texts = SPELLINGS[name]
    holder(owner)
    for number, spelling in enumerate(spelled(texts)):
        ask(at(f"198.51.100.{number}"), spelling)
    assert gets_in(at(HOME), owner)


def test_without_spellings_the_owner_gets_in_as_well():
    holder(OWNER)
    assert [ask(at(), OWNER) for _ in range(4)] == [200] * 3 + [429]
    assert gets_in(at(HOME))


def test_second_address_gets_its_own_share_of_a_mailbox_and_no_more():
    texts = [f"jane+{number}@example.com" for number in range(24)]
    taken = [ask(at(f"198.51.100.{number % 2}"), spelling) for number, spelling in enumerate(texts)]
    assert taken.count(200) == 6


def test_dots_and_tags_are_folded_for_limits_only():
    holder("jane.doe@gmail.com")
    assert not gets_in(at(HOME), GMAIL)
    assert gets_in(at(HOME), "jane.doe@gmail.com")


def test_dots_elsewhere_than_at_gmail_name_another_mailbox():
    texts = ["ja.ne@example.com", "j.ane@example.com", "jan.e@example.com", "j.a.n.e@example.com"]
    assert [ask(at(), text) for text in texts] == [200] * 4


@pytest.mark.slow
def test_spellings_asked_for_all_day_refuse_the_owner_at_most_twice(clock):
    holder(OWNER)
    came = []
    for hour in range(DAY):
        for number in range(10):
            ask(at(), f"jane+{number}@example.com")
        came.append(gets_in(at(f"203.0.113.{hour}")))
        clock.tick(3600)
    assert came.count(False) <= 2


# One identifier, from one address and from several


@pytest.mark.parametrize("identifier", [OWNER, NUMBER])
def test_address_that_asks_all_day_refuses_the_owner_at_most_twice(clock, identifier):
    holder(identifier)
    came = []
    for hour in range(DAY):
        ask_all([HERE], identifier)
        if hour % 3 == 0:  # the owner asks eight times a day
            came.append(gets_in(at(f"203.0.113.{hour}"), identifier))
        clock.tick(3600)
    assert came.count(False) <= 2


def test_owner_who_asks_all_day_is_never_refused(clock):
    holder(OWNER)
    for hour in range(DAY):
        assert gets_in(at(f"203.0.113.{hour}"))
        clock.tick(3600)


@pytest.mark.parametrize("identifier", [OWNER, NUMBER])
def test_two_addresses_together_leave_a_third_of_the_hour(identifier):
    holder(identifier)
    assert ask_all([HERE, "192.0.2.1"], identifier) == 6
    assert gets_in(at(HOME), identifier)


@pytest.mark.parametrize("identifier", [OWNER, NUMBER])
@pytest.mark.parametrize(("ips", "most"), [(LINE[:1], 3), (LINE, 5), (SITE, 6)], ids=["/64", "/56", "/48"])
def test_network_takes_its_share_and_the_owner_gets_in(identifier, ips, most):
    holder(identifier)
    assert ask_all(ips, identifier) <= most
    assert gets_in(at(HOME), identifier)


def test_addresses_of_one_64_are_one_source():
    assert ask_all([f"2001:db8::{number}" for number in range(5)]) == 3


def test_somebody_elses_messages_within_the_hour_cannot_be_counted_from_elsewhere():
    ask_all([HERE])
    assert ask_all([HOME]) == 3


# What all share


@pytest.mark.parametrize("ips", [[HERE, "192.0.2.1"], LINE, SITE], ids=["two addresses", "/56", "/48"])
def test_junk_does_not_use_up_the_mail_of_everybody_else(ips):
    lower(**{mail_limit(): 30})
    holder(OWNER)
    for number in range(60):
        ask(at(ips[number % len(ips)]), f"junk{number}@example.org")
    assert gets_in(at(HOME))
    newcomer = at("203.0.113.10")
    assert newcomer.sign_up(email_address="new@example.com", strategy="email_code").status_code == 200
    assert sent("new@example.com") == 1


def test_people_with_an_account_get_mail_even_if_all_that_is_for_others_is_used_up():
    lower(**{mail_limit(): 10})
    holder(OWNER)
    statuses = [ask(at(f"192.0.2.{number}"), f"junk{number}@example.org") for number in range(15)]
    assert statuses == [200] * 15  # what is not sent is not told
    assert gets_in(at(HOME))


def mail_limit():
    return "emails_unproven" if "emails_unproven" in LIMITS else "instance_emails"


def test_box_of_gmail_cannot_be_filled_from_one_address():
    for before in range(1, 12):
        text = f"{'a' * before}.{'a' * (12 - before)}@gmail.com"
        at().sign_up(email_address=text, strategy="email_code")
    assert sent() == 3


@pytest.mark.parametrize("identifier", [OWNER, NUMBER])
def test_somebody_in_a_trusted_network_takes_no_larger_share_of_one_identifier(identifier):
    operate(trusted_networks="198.51.100.0/24 1000")
    holder(identifier)
    assert ask_all([HERE], identifier) == 3
    assert gets_in(at(HOME), identifier)


def test_many_people_of_a_trusted_network_ask_each_for_themselves():
    operate(trusted_networks="198.51.100.0/24")
    assert [ask(at(), f"p{number}@example.com") for number in range(65)] == [200] * 65


# What a share tells


@pytest.mark.parametrize("target", [OWNER, "nobody@example.org"])
def test_notes_about_unknown_accounts_tell_nothing_of_another_address(target):
    lower(instance_unknown_account=6)
    holder(OWNER)
    ask(at(), "junk@example.org")
    ask(at(), target)
    ask(at(), "attacker@example.org")
    assert not sent("attacker@example.org")


@pytest.mark.parametrize("target", [NUMBER, f"{NUMBER[:-4]}0001"])
def test_sms_of_a_range_tell_nothing_of_another_number(target):
    holder(NUMBER)
    for number in [target, target, f"{NUMBER[:-4]}0100"]:
        at().sign_in(number, "phone_code", sign_up_if_missing=True)
    assert (sent(target), sent(f"{NUMBER[:-4]}0100")) == (2, 0)


def test_another_source_still_gets_an_sms_of_the_range():
    holder(NUMBER)
    for _ in range(3):
        ask(at(), NUMBER)
    other = f"{NUMBER[:-4]}0100"
    at(HOME).sign_in(other, "phone_code", sign_up_if_missing=True)
    assert sent(other) == 1
