"""For each limit: what fills its counter, and what its end keeps somebody from."""

from collections.abc import Callable
from dataclasses import dataclass

from passwordless_otp.models import Flow, Message, UnlockGrant
from tests.limits.people import NUMBER, OWNER, ask, at, gets_in, guess, holder, sent
from tests.sms.strangers import elsewhere
from tests.visitor import newest_code

TAGGED = "jane+own@example.com"
NEWCOMER, NEW_NUMBER = "new@example.com", "+14155559999"
HOLDERS = 30  # more people with accounts than a test needs


@dataclass(frozen=True)
class Row:
    """What takes one unit, given an IP address and a number; and what a person does that the limit may end.

    `person` is the identifier of an owner with an account. Where only newcomers can be kept out, it is empty.
    """

    spend: Callable[[str, int], object]
    served: Callable[[object], bool]
    person: str = OWNER
    by_sms: bool = False
    per_source: bool = False  # each IP address has a counter of its own, which neighbours share
    ends: bool = True  # a counter that is full keeps out who is not recognised; else codes get longer
    reachable: bool = True  # strangers can fill it


def _asks(identifier, ip, _number):
    return ask(at(ip), identifier)


def _sign_up(visitor, **typed):
    [(kind, value)] = typed.items()
    strategy = "email_code" if kind == "email_address" else "phone_code"
    before = sent(value)
    visitor.sign_up(**typed, strategy=strategy)
    if sent(value) == before:
        return False
    return visitor.attempt(newest_code(value), strategy).status_code == 200


def _is_told(visitor):
    ask(visitor, NEWCOMER)
    return sent(NEWCOMER) > 0


def _mistypes(identifier):
    """Ask, and hand in what is no code: a step that nothing else counts."""
    return lambda visitor: ask(visitor, identifier) == 200 and visitor.attempt("x").status_code == 422


def _wrong_step(ip, number):
    visitor = at(ip)
    ask(visitor, f"u{number}@example.org")
    visitor.attempt("x")


def _in(identifier):
    return lambda visitor: gets_in(visitor, identifier)


def _sms_of_prefix(ip, number):
    at(ip).sign_up(phone_number=f"{NEW_NUMBER[:-4]}{number:04}", strategy="phone_code")


def _sms_of_country(ip, number):
    at(ip).sign_up(phone_number=elsewhere(number), strategy="phone_code")


def proven_number(number):
    return elsewhere(100 + number)


def add_holders():
    """People with accounts to whom a stranger can have messages sent."""
    for number in range(HOLDERS):
        holder(f"p{number}@example.org", proven_number(number))


MAIL = Row(lambda ip, number: _asks(OWNER, ip, number), _in(OWNER))
SMS = Row(lambda ip, number: _asks(NUMBER, ip, number), _in(NUMBER), NUMBER, by_sms=True)
MAILBOX = Row(lambda ip, number: ask(at(ip), f"jane+{number}@example.com"), _in(TAGGED), TAGGED)
OWN_MAIL = Row(MAIL.spend, MAIL.served, reachable=False)
OWN_SMS = Row(SMS.spend, SMS.served, NUMBER, by_sms=True, reachable=False)
GUESSES = Row(lambda ip, number: guess(OWNER, at(ip), 1), _in(OWNER), ends=False)
SITE_GUESSES = Row(lambda ip, n: guess(f"u{n}@example.org", at(ip), 1), _in(OWNER), ends=False)
NEW_MAIL = Row(
    lambda ip, number: ask(at(ip), f"u{number}@example.org"), lambda v: _sign_up(v, email_address=NEWCOMER), ""
)
NEW_SMS = Row(_sms_of_country, lambda v: _sign_up(v, phone_number=NEW_NUMBER), "", by_sms=True)
PREFIX = Row(_sms_of_prefix, NEW_SMS.served, "", by_sms=True)
PROVEN_SMS = Row(lambda ip, n: ask(at(ip), proven_number(n)), _in(NUMBER), NUMBER, by_sms=True)
ACCOUNTS = Row(
    lambda ip, number: _sign_up(at(ip), email_address=f"bot{number}@example.org"),
    lambda visitor: _sign_up(visitor, email_address=NEWCOMER),
    "",
    per_source=True,
)
TABLE = {
    "identifier_emails": MAIL,
    "identifier_emails_per_day": MAIL,
    "identifier_sms": SMS,
    "identifier_sms_per_day": SMS,
    "mailbox_emails": MAILBOX,
    "mailbox_emails_per_day": MAILBOX,
    "recognised_emails": OWN_MAIL,
    "recognised_emails_per_day": OWN_MAIL,
    "recognised_sms": OWN_SMS,
    "recognised_sms_per_day": OWN_SMS,
    "unlocked_messages": OWN_MAIL,
    "ip_steps": Row(_wrong_step, _mistypes(OWNER), per_source=True),
    "ip_flows": Row(lambda ip, n: at(ip).sign_in(f"u{n}@example.org"), _in(OWNER), per_source=True),
    "ip_emails": Row(lambda ip, number: ask(at(ip), f"u{number}@example.org"), _in(OWNER), per_source=True),
    "ip_sms": Row(
        lambda ip, number: ask(at(ip), elsewhere(number)), _in(NUMBER), NUMBER, by_sms=True, per_source=True
    ),
    "ip_failures": Row(
        lambda ip, n: guess(f"u{n}@example.org", at(ip), 1), _in(OWNER), per_source=True
    ),
    "ip_sign_ups": ACCOUNTS,
    "ip_sign_ups_per_day": ACCOUNTS,
    "identifier_failures": GUESSES,
    "identifier_failures_per_day": GUESSES,
    "identifier_failures_per_month": GUESSES,
    "instance_failures": SITE_GUESSES,
    "instance_failures_per_day": SITE_GUESSES,
    "emails_unproven": NEW_MAIL,
    "emails_proven": Row(lambda ip, number: ask(at(ip), f"p{number % HOLDERS}@example.org"), _in(OWNER)),
    "instance_unknown_account": Row(NEW_MAIL.spend, _is_told, ""),
    "sms_prefix": PREFIX,
    "sms_prefix_per_day": PREFIX,
    "sms_country": NEW_SMS,
    "sms_instance": NEW_SMS,
    "sms_instance_per_day": NEW_SMS,
    "sms_proven": PROVEN_SMS,
    "sms_proven_per_day": PROVEN_SMS,
}  # fmt: skip
# Not in the table, and why.
APART = {
    "number_sms_per_day": "all groups share it; strangers reach the other caps of a number before",
    "unlock_emails": "what it ends is a message beyond all other limits",
    "instance_unlock_emails": "what it ends is a message beyond all other limits",
    "identifier_unknown_account": "its message says what its owner knows already",
    "sms_conversion": "a number that another rule compares with",
    "sms_conversion_sample": "a number that another rule compares with",
}


def unlocked(identifier, ip):
    """A new browser that holds the grant of an unlock link for this identifier."""
    visitor = at(ip)
    assert visitor.sign_in("somebody@example.org").status_code == 200
    message = Message.objects.filter(verification__value=identifier).latest("pk")
    UnlockGrant.objects.give(message, Flow.objects.latest("pk").client)
    return visitor
