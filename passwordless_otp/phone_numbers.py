"""Phone numbers as people type them: read into E.164, and judged where they are new.

`read` refuses what anybody can see from the text to be no number. What depends on a library's data, which
changes, is asked by `require_mobile`, and of numbers that nobody has proven only: the data is a hint.
"""

import re
import unicodedata

import phonenumbers
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType, ValidationResult

from passwordless_otp import numbering_plans
from passwordless_otp.errors import FormatInvalid

EXAMPLE = "+1 415 555 0123"
SHORTEST, LONGEST = 7, 15  # digits of E.164, with the calling code
MAX_TEXT = 100  # characters, with all decoration
ROUNDS = 4  # of reading a number's own E.164 again, until it stays the same
# Types of numbers that belong to a person and can receive an SMS. VoIP is subject to a setting besides.
MOBILE = {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE, PhoneNumberType.VOIP}
# What nobody sees at the ends of a text: blanks, line breaks, and Unicode's format characters (category Cf).
UNSEEN = " \t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u00a0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    chr(number)
    for first, last in [
        *[(0xAD, 0xAD), (0x600, 0x605), (0x61C, 0x61C), (0x6DD, 0x6DD), (0x70F, 0x70F), (0x890, 0x891)],
        *[(0x8E2, 0x8E2), (0x180E, 0x180E), (0x2000, 0x200F), (0x202A, 0x202E), (0x2060, 0x2064)],
        *[(0x2066, 0x206F), (0xFEFF, 0xFEFF), (0xFFF9, 0xFFFB), (0x110BD, 0x110BD), (0x110CD, 0x110CD)],
        *[(0x13430, 0x1343F), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0001, 0xE0001), (0xE0020, 0xE007F)],
    ]
    for number in range(first, last + 1)
)
LABEL = re.compile(r"tel[.:]*\s*", re.IGNORECASE)
CONTEXT = re.compile(r";phone-context=(\+[0-9]+)", re.IGNORECASE)  # RFC 3966
EXTENSION = re.compile(r"(?<=[0-9)])[\s;,]*(?:,|ext[a-z]*|x|#|доб)[\s.:=,#]*[0-9]{1,7}#?\s*$", re.IGNORECASE)
DECORATED = re.compile(r"[+0-9 ().\-/]+")
TRUNK = re.compile(r"\(\s*0+\s*\)")  # dialled within the country only
ABROAD = re.compile(r"\+?(?:00|011)|\+")  # in front of a calling code
PLUS = {"\u2795"}
DOTS = {"\u00b7", "\u2022", "\u2027", "\u2219", "\u22c5", "\u30fb", "\u2024", "\u3002", "\uff61", "\u06d4"}
DASHES = {"\u2212", "\u30fc", "\u02d7", "\u2043"}  # that are not in Unicode's category of dashes
SLASHES = {"\u2044", "\u2215"}
SIGNS = {"+": PLUS, ".": DOTS, "-": DASHES, "/": SLASHES}


def read(text: str, region: str | None, param: str) -> str:
    """Return the number as E.164, in the newest form of its country. Raises `FormatInvalid`.

    `region` (ISO 3166-1) is the country of numbers without a country code. All spellings of a number have one
    result: trunk zeros, prefixes for calls abroad and old forms of numbering plans are left out.
    """
    plain = _plain(text)
    _require_readable(plain, param)
    value = _format(_parse(plain, region, param))
    for _round in range(ROUNDS):
        again = numbering_plans.newest(_without_trunk(_format(_parse(value, None, param))))
        if again == value:
            break
        value = again
    else:
        raise FormatInvalid(param, _("Type the number as it is dialled, without zeros that are left out."))
    if not SHORTEST < len(value) <= LONGEST + 1:
        raise _wrong_length(value, len(value) <= SHORTEST, param)
    return value


def require_mobile(value: str, param: str, allowed: tuple[str, ...] = ()) -> None:
    """Raise `FormatInvalid` unless `value` (E.164) is a personal number that can receive an SMS.

    A number that begins with one of `allowed` is taken for one, whatever the library's data says.
    """
    if value.startswith(allowed):
        return
    number = phonenumbers.parse(value)
    length = phonenumbers.is_possible_number_with_reason(number)
    if length not in {ValidationResult.IS_POSSIBLE, ValidationResult.INVALID_COUNTRY_CODE}:
        raise _wrong_length(value, length != ValidationResult.TOO_LONG, param)
    kind = phonenumbers.number_type(number)
    if kind == PhoneNumberType.UNKNOWN:
        raise FormatInvalid(
            param, _("We can't send codes to this number yet. Check each digit, or choose another way.")
        )
    if not region(value) or kind not in MOBILE:
        raise FormatInvalid(
            param,
            _("This is not a mobile number. Codes can only be sent to mobile numbers such as %s.") % like(value),
        )


def is_mobile(value: str, allowed: tuple[str, ...] = ()) -> bool:
    """Return whether `require_mobile` accepts this number."""
    try:
        require_mobile(value, "", allowed)
    except FormatInvalid:
        return False
    return True


def region(value: str) -> str:
    """Return the country (ISO 3166-1) of a number (E.164); an empty string if it belongs to none.

    A number that the library's data does not know is of the main country of its calling code.
    """
    number = phonenumbers.parse(value)
    place: str | None = phonenumbers.region_code_for_number(number)
    if place is None:
        place = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return "" if place in {"001", "ZZ"} else str(place)


def countries(value: str) -> list[str]:
    """Return the country of a number (E.164). One that is not known yet may be of all that have its code."""
    number = phonenumbers.parse(value)
    place = phonenumbers.region_code_for_number(number)
    return [place] if place else list(phonenumbers.region_codes_for_country_code(number.country_code or 0))


def like(value: str) -> str:
    """Return an example of a mobile number of the same country."""
    return example(region(value))


def example(country: str = "US") -> str:
    """Return an example of a mobile number of this country (ISO 3166-1), as it is called from abroad."""
    number = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL) if number else EXAMPLE


def begins_with_letter(text: str) -> bool:
    """Return whether the first letter or digit is a letter, as of an email address that is not yet complete."""
    seen = LABEL.sub("", text.strip(UNSEEN), count=1)
    return next((each for each in seen if each.isalnum()), "0").isalpha()


def _plain(text: str) -> str:
    """Return the text with ASCII digits and signs only, without a label such as `tel:`."""
    text = LABEL.sub("", unicodedata.normalize("NFKC", text).strip(UNSEEN), count=1)
    context = CONTEXT.search(text)
    text = "".join(_character(each) for each in CONTEXT.sub("", text))
    return context[1] + text if context and not text.startswith("+") else text


def _character(each: str) -> str:
    """Return the ASCII digit or sign for this character; nothing for one that nobody sees."""
    category = unicodedata.category(each)
    if category == "Cf":
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(each))
    for sign, those in SIGNS.items():
        if each in those:
            return sign
    return {"Pd": "-", "Zs": " "}.get(category, each)


def _require_readable(text: str, param: str) -> None:
    """Raise `FormatInvalid` for what is not written as a phone number."""
    if len(text) > MAX_TEXT:
        raise FormatInvalid(param, _("Type a phone number such as %s.") % EXAMPLE)
    if EXTENSION.search(text):
        raise FormatInvalid(param, _("SMS can't reach an extension. Type a mobile number without one."))
    if any(each.isalpha() for each in text) and any(each.isdigit() for each in text):
        raise FormatInvalid(param, _("Type digits in place of the letters, such as %s.") % EXAMPLE)
    if not DECORATED.fullmatch(text) or "+" in _digits(text)[1:]:
        raise FormatInvalid(param, _("Type a phone number such as %s.") % EXAMPLE)


def _parse(text: str, region: str | None, param: str) -> phonenumbers.PhoneNumber:
    """Read a plain text. Raises `FormatInvalid` with a sentence that says what to change."""
    digits, abroad = _digits(text), ABROAD.sub("+", _digits(TRUNK.sub("", text)), count=1)
    near = _try(digits, region) if region and digits[:1] != "+" else None
    if region and near is not None:
        far = _try(abroad, None) if ABROAD.match(digits) else None
        # In some countries 011 is a trunk zero and the area code 11.
        is_own = near.country_code == phonenumbers.country_code_for_region(region)
        return _likelier(near, far, is_own and digits.startswith("011"))
    if not ABROAD.match(digits):
        raise FormatInvalid(param, _("Type the number with + and its country code, such as %s.") % EXAMPLE)
    try:
        return phonenumbers.parse(abroad)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
            problem = _("No country has this code. Type the number with + and its country code, such as %s.")
            raise FormatInvalid(param, problem % EXAMPLE) from error
        is_long = error.error_type == NumberParseException.TOO_LONG
        raise _wrong_length(EXAMPLE, not is_long, param) from error


def _likelier(
    near: phonenumbers.PhoneNumber, far: phonenumbers.PhoneNumber | None, has_trunk: bool
) -> phonenumbers.PhoneNumber:
    """Choose between what a region makes of digits, and what they are with 00 or 011 read as `+`."""
    if far is None:
        return near
    for number in [near, far] if has_trunk else [far, near]:
        if is_mobile(numbering_plans.newest(_format(number))):
            return number
    return near if phonenumbers.is_possible_number(near) else far


def _try(digits: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    """Return the number that the library reads, if it reads one."""
    try:
        return phonenumbers.parse(digits, region)
    except NumberParseException:
        return None


def _digits(text: str) -> str:
    return re.sub(r"[ ().\-/]", "", text)


def _format(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _without_trunk(value: str) -> str:
    """Return the number (E.164) without zeros, or Argentina's 15, that are dialled within the country only."""
    number = phonenumbers.parse(value)
    if phonenumbers.is_valid_number(number):
        return value
    code, national = f"+{number.country_code}", value.removeprefix(f"+{number.country_code}")
    shorter = code + (national[1:] if (code, national[:1]) == ("+54", "9") else national.lstrip("0"))
    fitting = _try(shorter, None) if shorter != value else None
    return _format(fitting) if fitting and phonenumbers.is_valid_number(fitting) else value


def _wrong_length(value: str, is_short: bool, param: str) -> FormatInvalid:
    if is_short:
        sentence = _("This phone number is too short. Type all its digits, as in %s.")
    else:
        sentence = _("This phone number is too long. Type a number such as %s.")
    return FormatInvalid(param, sentence % like(value))
