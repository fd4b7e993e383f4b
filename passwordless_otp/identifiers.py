"""Email addresses and phone numbers: parse into canonical form, classify, mask. Pure functions.

Format: an email address has an ASCII local part and the domain as A-labels, all in lower case; a phone number is
E.164. Canonical forms are ASCII and parse to themselves.

Threat: two spellings that count as two people, or that reach a mailbox other than the one that was checked
(CVE-2019-19844). So a text is parsed once, at the edge, then validated; what is counted, stored and sent to is
the canonical form.
"""

import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

import idna
import phonenumbers
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from phonenumbers import PhoneNumberType

from passwordless_otp import numbering_plans, phone_numbers
from passwordless_otp.errors import FormatInvalid

MAX_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
# RFC 5322 dot-atom, without the "=?" of an encoded word (RFC 2047), which a mail library may decode to another.
# Without what mail servers interpret: `user%host` and `host!user`, which Postfix relays to the other host where
# the domain is its own, so that one mailbox has any number of spellings; and a first "-", "/" or "|", by which a
# command takes an option, or a server a file or a program. Hardly any mailbox has them.
LOCAL_PART = re.compile(r"(?!.*=\?)(?![/|-])[a-z0-9#$&'*+/=?^_`{|}~-]+(\.[a-z0-9#$&'*+/=?^_`{|}~-]+)*")
# Domains of the machine itself (RFC 6761 §6.3, and what /etc/hosts calls it): a message would stay on the server,
# at its own users. Not `.local` and `.internal`, where companies have mailboxes.
LOCAL_DOMAINS = {"localhost", "localdomain"}
MAX_LOCAL_PART = 64
GMAIL = ["gmail.com", "googlemail.com"]  # one mail service
SHORT = 5  # digits of a national number that a mask hides as a whole


class Kind(TextChoices):
    """The kinds of identifier. The value is the name of the field that holds it, in Python and in JSON."""

    EMAIL_ADDRESS = "email_address", _("email address")
    PHONE_NUMBER = "phone_number", _("phone number")

    strategy: "Strategy"  # that proves identifiers of this kind
    channel: str  # of messages to it


class Strategy(TextChoices):
    """How an identifier is proven, as the API calls it."""

    EMAIL_CODE = "email_code", _("email code")
    PHONE_CODE = "phone_code", _("SMS code")

    kind: Kind  # of identifier that it proves


Kind.EMAIL_ADDRESS.strategy, Kind.EMAIL_ADDRESS.channel = Strategy.EMAIL_CODE, "email"
Kind.PHONE_NUMBER.strategy, Kind.PHONE_NUMBER.channel = Strategy.PHONE_CODE, "sms"
Strategy.EMAIL_CODE.kind, Strategy.PHONE_CODE.kind = Kind.EMAIL_ADDRESS, Kind.PHONE_NUMBER


class IdentifierValue(NamedTuple):
    """An identifier in canonical form, whether or not it is proven."""

    kind: Kind
    value: str


def parse(
    text: str, region: str | None, param: str = "identifier", kinds: Collection[Kind] = tuple(Kind)
) -> IdentifierValue:
    """Parse an email address or a phone number, by whether the text contains an `@`. Raises `FormatInvalid`.

    `region` (ISO 3166-1) is the country of numbers without a country code; `param` names the input in the error,
    which speaks of `kinds`.
    """
    text = text.strip(phone_numbers.UNSEEN)
    if "@" in unicodedata.normalize("NFKC", text):
        return IdentifierValue(Kind.EMAIL_ADDRESS, parse_email(text, param))
    if Kind.EMAIL_ADDRESS in kinds and phone_numbers.begins_with_letter(text):
        if Kind.PHONE_NUMBER not in kinds:
            raise _no_email(param)
        problem = _("Type a whole email address such as jane@example.com, or a phone number such as %s.")
        raise FormatInvalid(param, problem % phone_numbers.EXAMPLE)
    return IdentifierValue(Kind.PHONE_NUMBER, parse_phone(text, region, param))


def parse_email(text: str, param: str = "email_address") -> str:
    """Return the address with its domain as A-labels, all in lower case. Raises `FormatInvalid`."""
    text = text.strip(phone_numbers.UNSEEN)
    if len(text) > MAX_LENGTH or text.count("@") != 1 or unicodedata.normalize("NFKC", text) != text:
        raise _no_email(param)
    local, domain = text.split("@")
    # Checked before it is folded: lower() turns the Kelvin sign into an innocent k.
    if not local.isascii() or not LOCAL_PART.fullmatch(local.lower()) or len(local) > MAX_LOCAL_PART:
        raise _no_email(param)
    try:
        domain = idna.encode(domain.lower(), strict=True).decode()
    except UnicodeError as error:
        raise _no_email(param) from error
    value = f"{local.lower()}@{domain}"
    if (
        "." not in domain[:-1]
        or domain.endswith(".")
        or (top := domain.rpartition(".")[2]).isdigit()
        or top in LOCAL_DOMAINS
        or len(value) > MAX_LENGTH
    ):
        raise _no_email(param)
    return value


def _no_email(param: str) -> FormatInvalid:
    return FormatInvalid(param, _("Type an email address such as jane@example.com."))


def parse_phone(text: str, region: str | None, param: str = "phone_number") -> str:
    """Return the number as E.164: see `phone_numbers.read`. Raises `FormatInvalid`."""
    return phone_numbers.read(text, region, param)


def require_mobile(value: str, param: str = "phone_number", allowed: tuple[str, ...] = ()) -> None:
    """Raise `FormatInvalid` unless `value` (E.164) is a personal number that can receive an SMS.

    Numbers that begin with one of `allowed` are.
    """
    phone_numbers.require_mobile(value, param, allowed)


def forms(identifier: IdentifierValue) -> list[IdentifierValue]:
    """Return all forms under which an identifier may be stored: a number also in old ones of its country."""
    if identifier.kind != Kind.PHONE_NUMBER:
        return [identifier]
    older = numbering_plans.older(identifier.value)
    return [identifier, *(IdentifierValue(identifier.kind, value) for value in older)]


def region(value: str) -> str:
    """Return the country (ISO 3166-1) of a number (E.164); an empty string if it belongs to none."""
    return phone_numbers.region(value)


def is_voip(value: str) -> bool:
    """Return whether a number (E.164) is a VoIP number. One person can get many of them at little cost."""
    return phonenumbers.number_type(phonenumbers.parse(value)) == PhoneNumberType.VOIP


def mailbox(email: str) -> str:
    """Return the address without its `+tag`: most providers deliver both to the same mailbox."""
    local, _at, domain = email.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def counted_mailbox(email: str) -> str:
    """Return the mailbox that limits count a spelling of an address for; the plain address itself.

    Gmail ignores dots, and googlemail.com is the same. Only for counting: who somebody is does not depend on it.
    """
    local, _at, domain = mailbox(email).rpartition("@")
    if domain in GMAIL:
        return f"{local.replace('.', '')}@{GMAIL[0]}"
    return f"{local}@{domain}"


def readable(identifier: IdentifierValue) -> str:
    """Return the identifier as its holder writes it: the domain of an email address in Unicode."""
    local, at, domain = identifier.value.rpartition("@")
    if not at:
        return identifier.value
    try:
        return f"{local}@{idna.decode(domain)}"
    except UnicodeError:
        return identifier.value


def mask(identifier: IdentifierValue) -> str:
    """Return the form that logs and pages may show: j•••@e•••.com, +1•••••••111."""
    if identifier.kind == Kind.EMAIL_ADDRESS:
        local, _at, domain = identifier.value.partition("@")
        top = domain.rpartition(".")[2]
        return f"{local[:1]}•••@{domain[:1]}•••.{top}"
    country = f"+{phonenumbers.parse(identifier.value).country_code}"
    national = identifier.value.removeprefix(country)
    shown = national[-3:] if len(national) > SHORT else ""
    return f"{country}{'•' * (len(national) - len(shown))}{shown}"
