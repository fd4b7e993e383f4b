"""Email addresses and phone numbers: read, put into canonical form, mask. Pure.

What is stored is what was validated, and messages go to the stored form: two spellings never make two people,
and no spelling reaches a mailbox other than the one that was checked.
"""

import re
import unicodedata
from typing import NamedTuple

import idna
import phonenumbers
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from passwordless_otp.errors import FormatInvalid

MAX_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
# RFC 5322 dot-atom, without the "=?" of an encoded word (RFC 2047), which a mail library may decode to another.
LOCAL_PART = re.compile(r"(?!.*=\?)[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
MAX_LOCAL_PART = 64
SHORT = 5  # digits of a national number that a mask hides as a whole
PHONE = re.compile(r"[+0-9 ().\-/]{4,40}")
# Numbers that a code can be sent to by SMS, and that belong to a person. VOIP: where a setting says so.
MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP}


class Kind(TextChoices):
    """What an identifier is."""

    EMAIL_ADDRESS = "email_address", _("email address")
    PHONE_NUMBER = "phone_number", _("phone number")

    @property
    def strategy(self) -> "Strategy":
        """The strategy that proves identifiers of this kind."""
        return Strategy.EMAIL_CODE if self is Kind.EMAIL_ADDRESS else Strategy.PHONE_CODE

    @property
    def channel(self) -> str:
        """How messages to it travel: `email` or `sms`."""
        return "email" if self is Kind.EMAIL_ADDRESS else "sms"


class Strategy(TextChoices):
    """How an identifier is proven."""

    EMAIL_CODE = "email_code", _("email code")
    PHONE_CODE = "phone_code", _("SMS code")

    @property
    def kind(self) -> Kind:
        """The kind of identifier that it proves."""
        return Kind.EMAIL_ADDRESS if self is Strategy.EMAIL_CODE else Kind.PHONE_NUMBER


class IdentifierValue(NamedTuple):
    """An identifier in canonical form, proven or not."""

    kind: Kind
    value: str


def parse(text: str, region: str | None, param: str = "identifier") -> IdentifierValue:
    """Read an email address or a phone number. Raises `FormatInvalid`."""
    if "@" in unicodedata.normalize("NFKC", text):
        return IdentifierValue(Kind.EMAIL_ADDRESS, parse_email(text, param))
    return IdentifierValue(Kind.PHONE_NUMBER, parse_phone(text, region, param))


def parse_email(text: str, param: str = "email_address") -> str:
    """Return the address with its domain as A-labels, all in lower case. Raises `FormatInvalid`."""
    invalid = FormatInvalid(param, _("Type an email address such as jane@example.com."))
    text = _trimmed(text)
    if len(text) > MAX_LENGTH or text.count("@") != 1 or unicodedata.normalize("NFKC", text) != text:
        raise invalid
    local, domain = text.split("@")
    # Checked before it is folded: lower() turns the Kelvin sign into an innocent k.
    if not local.isascii() or not LOCAL_PART.fullmatch(local.lower()) or len(local) > MAX_LOCAL_PART:
        raise invalid
    try:
        domain = idna.encode(domain.lower(), strict=True).decode()
    except UnicodeError as error:
        raise invalid from error
    value = f"{local.lower()}@{domain}"
    if (
        "." not in domain[:-1]
        or domain.endswith(".")
        or domain.rpartition(".")[2].isdigit()
        or len(value) > MAX_LENGTH
    ):
        raise invalid
    return value


def parse_phone(text: str, region: str | None, param: str = "phone_number") -> str:
    """Return a possible number as E.164. Raises `FormatInvalid`."""
    text = unicodedata.normalize("NFKC", _trimmed(text)).translate(_DASHES)
    if not PHONE.fullmatch(text):
        raise FormatInvalid(param, _("Type a phone number, with its country code if it is from abroad."))
    try:
        number = PhoneNumber.from_string(text, region)
    except NumberParseException as error:
        raise FormatInvalid(param, _("Type the number with its country code, such as +1 415 …")) from error
    if not phonenumbers.is_possible_number(number):
        raise FormatInvalid(param, _("This phone number is too short, too long or does not exist."))
    value: str = number.as_e164
    if phonenumbers.format_number(phonenumbers.parse(value), PhoneNumberFormat.E164) != value:
        raise FormatInvalid(param, _("Type the number as it is dialled, without zeros that are left out."))
    return value


def require_mobile(value: str, param: str = "phone_number") -> None:
    """Raise `FormatInvalid` unless `value` (E.164) is the number of somebody's phone in some country."""
    if not region(value) or phonenumbers.number_type(phonenumbers.parse(value)) not in MOBILE:
        raise FormatInvalid(param, _("Codes can only be sent to mobile numbers that are in use."))


def region(value: str) -> str:
    """Return the country (ISO 3166-1) of this number (E.164); empty where it belongs to none."""
    place: str | None = phonenumbers.region_code_for_number(phonenumbers.parse(value))
    return "" if place in {None, "001"} else str(place)


def is_voip(value: str) -> bool:
    """Tell whether this number (E.164) is one of the internet's, which anybody gets many of."""
    return phonenumbers.number_type(phonenumbers.parse(value)) == PhoneNumberType.VOIP


def mailbox(email: str) -> str:
    """Return the address without what follows a plus sign: what most mailboxes take for the same."""
    local, _at, domain = email.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def mask(identifier: IdentifierValue) -> str:
    """Return what may stand in a log or before a stranger's eyes: j•••@e•••.com, +1•••••••111."""
    if identifier.kind == Kind.EMAIL_ADDRESS:
        local, _at, domain = identifier.value.partition("@")
        top = domain.rpartition(".")[2]
        return f"{local[:1]}•••@{domain[:1]}•••.{top}"
    country = f"+{phonenumbers.parse(identifier.value).country_code}"
    national = identifier.value.removeprefix(country)
    shown = national[-3:] if len(national) > SHORT else ""
    return f"{country}{'•' * (len(national) - len(shown))}{shown}"


def _trimmed(text: str) -> str:
    """Drop the blanks around a pasted text; control characters stay, to be refused."""
    while text and unicodedata.category(text[0]) == "Zs":
        text = text[1:]
    while text and unicodedata.category(text[-1]) == "Zs":
        text = text[:-1]
    return text


# Dashes that people paste: hyphen, non-breaking hyphen, figure dash, en dash, em dash, minus.
_DASHES = {ord(dash): "-" for dash in "\u2010\u2011\u2012\u2013\u2014\u2212"}
