"""Owners, strangers and neighbours, each in a browser at an IP address."""

from uuid import UUID

from django.contrib.auth import get_user_model

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message
from tests.rate_limits.rows import another, code_of
from tests.visitor import LIMITS, PHONE, ApiVisitor, operate

OWNER, NUMBER = "jane@example.com", PHONE
HERE = "198.51.100.1"  # where a test's attacker is
HOME = "203.0.113.9"  # where the owner is
HOUR = 3900  # seconds: whoever has reached a limit of an hour waits a twelfth longer at most
DAY = 24
FULL = 40  # messages: more than any limit of one identifier in an hour


def at(ip=HERE, **headers):
    """A new browser at this address."""
    visitor = ApiVisitor(**headers)
    visitor.http.defaults["REMOTE_ADDR"] = ip
    return visitor


def strategy_of(identifier):
    return "email_code" if "@" in identifier else "phone_code"


def holder(*values, **fields):
    """A user who has these identifiers."""
    user = get_user_model().objects.create_user(username=values[0], **fields)
    seen = set()
    for value in values:
        kind = "email_address" if "@" in value else "phone_number"
        Identifier.objects.create(user=user, kind=kind, value=value, primary=kind not in seen)
        seen.add(kind)
    return user


def ask(visitor, identifier=OWNER):
    """Ask for a code to sign in; return the status."""
    return visitor.sign_in(identifier, strategy_of(identifier)).status_code


def type_code(visitor, identifier=OWNER):
    """Hand in the newest code that was sent to it; return the answer."""
    newest = next((m.code for m in reversed(memory.sent) if m.to == identifier and m.code), "000000")
    return visitor.attempt(newest, strategy_of(identifier))


def gets_in(visitor, identifier=OWNER):
    """Ask for a code, and hand it in if it was sent. Return whether that signs in."""
    before = sent(identifier)
    if ask(visitor, identifier) != 200 or sent(identifier) == before:
        return False
    return is_complete(type_code(visitor, identifier))


def is_complete(answer):
    return answer.status_code == 200 and answer.json()["response"]["status"] == "complete"


def sign_out(visitor):
    visitor.post("client/sessions?_method=DELETE")
    return visitor


def recognised(identifier=OWNER, ip=HOME):
    """A browser in which the holder has signed in before, signed out, at this address."""
    visitor = at("192.0.2.200")
    assert gets_in(visitor, identifier)
    visitor.http.defaults["REMOTE_ADDR"] = ip
    return sign_out(visitor)


def sent(*identifiers):
    """How many messages went out, or to these identifiers. An unlock link beyond all limits does not count."""
    links = set(Message.objects.filter(kind="unlock").values_list("pk", flat=True))
    counted = [message for message in memory.sent if UUID(message.id) not in links]
    return sum(not identifiers or message.to in identifiers for message in counted)


def ask_all(ips, identifier=OWNER, times=FULL):
    """Ask for codes in new browsers from these addresses until each is refused; return how many were taken."""
    taken = 0
    for ip in ips:
        for _ in range(times):
            if ask(at(ip), identifier) != 200:
                break
            taken += 1
    return taken


def guess(identifier, visitor, times=5):
    """Hand in so many wrong codes in a new flow; return the statuses."""
    visitor.sign_in(identifier, strategy_of(identifier))
    wrong = another(code_of(identifier))
    return [visitor.attempt(wrong, strategy_of(identifier)).status_code for _ in range(times)]


def lower(**numbers):
    """Set these limits and leave the others as they are."""
    unknown = numbers.keys() - LIMITS.keys()
    assert not unknown, f"there is no limit {', '.join(sorted(unknown))}"
    return operate(limits=numbers)
