"""Unlock links, and who opens them."""

from passwordless_otp import links
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Message
from passwordless_otp.visitor import Visitor
from tests.visitor import EMAIL

OTHER = "other@example.com"


def email(value=EMAIL):
    return IdentifierValue(Kind.EMAIL_ADDRESS, value)


def browser(client="a" * 64, ip="192.0.2.1"):
    return Visitor(client=client, next_client="n" * 64, ip=ip)


def saved(to=EMAIL, **fields):
    return Message.objects.create(kind="unlock", channel="email", to=to, status="sent", **fields)


def token(to=EMAIL):
    return links.unlock_token(saved(to).pk)
