"""Phone numbers as people type them: every spelling leads to one stored form, or to a sentence that helps."""

import sys
import unicodedata

import phonenumbers
import pytest
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from passwordless_otp import identifiers, numbering_plans, phone_numbers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import Kind
from tests.docs.blocks import ROOT

PAGE = ROOT / "docs/phone-numbers.md"
ARABIC = {ord(str(digit)): chr(0x660 + digit) for digit in range(10)}
SPELLINGS = {
    "international": lambda e164, shown: shown,
    "E.164": lambda e164, shown: e164,
    "00": lambda e164, shown: f"00{e164[1:]}",
    "011": lambda e164, shown: f"011 {shown[1:]}",
    "+00": lambda e164, shown: f"+00 {shown[1:]}",
    "dots": lambda e164, shown: shown.replace(" ", ".").replace("-", "\u00b7"),
    "dashes": lambda e164, shown: shown.replace(" ", "\u2013").replace("-", "\u2212"),
    "digits of another script": lambda e164, shown: shown.translate(ARABIC),
    "full width": lambda e164, shown: "".join(chr(0xFEE0 + ord(each)) for each in e164),
    "marks around": lambda e164, shown: f"\u202a{shown}\u202c\n",
    "marks inside": lambda e164, shown: "\u200b".join(shown),
    "URI": lambda e164, shown: f"tel:{shown.replace(' ', '-')}",
    "in brackets": lambda e164, shown: f"({shown.partition(' ')[0]}) {shown.partition(' ')[2]}",
    "trunk zero": lambda e164, shown: shown.replace(" ", " (0) ", 1),
}


def sentence(text, region=None, **options):
    with pytest.raises(FormatInvalid) as refused:
        identifiers.parse(text, region, **options)
    return str(refused.value.long_message)


def judged(value, allowed=()):
    with pytest.raises(FormatInvalid) as refused:
        identifiers.require_mobile(value, allowed=allowed)
    return str(refused.value.long_message)


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_REGIONS))
def test_spellings_of_a_mobile_number_of_each_region_have_one_form(region):
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    if number is None:
        pytest.skip("the library has no example")
    e164 = numbering_plans.newest(phonenumbers.format_number(number, PhoneNumberFormat.E164))
    number = phonenumbers.parse(e164)
    shown = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    read = {name: identifiers.parse_phone(spell(e164, shown), None) for name, spell in SPELLINGS.items()}
    read |= {
        f"{name} {region}": identifiers.parse_phone(spell(e164, shown), region)
        for name, spell in SPELLINGS.items()
    }
    read["national"] = identifiers.parse_phone(national, region)
    assert {name: value for name, value in read.items() if value != e164} == {}
    identifiers.require_mobile(e164)


@pytest.mark.parametrize(
    ("text", "region", "value"),
    [
        ("+54 11 6677 3399", None, "+5491166773399"),
        ("+54 9 11 15 6677 3399", None, "+5491166773399"),
        ("11 6677 3399", "AR", "+5491166773399"),
        ("011 15 6677-3399", "AR", "+5491166773399"),
        ("+52 1 55 1234 5678", None, "+525512345678"),
        ("044 55 1234 5678", "MX", "+525512345678"),
        ("045 55 1234 5678", "MX", "+525512345678"),
        ("01 55 1234 5678", "MX", "+525512345678"),
        ("+229 97 12 34 56", None, "+2290197123456"),
        ("+225 07 01 46 57", None, "+2250707014657"),
        ("+225 05 01 46 57", None, "+2250505014657"),
        ("+225 42 01 46 57", None, "+2250142014657"),
        ("+225 80 01 46 57", None, "+22580014657"),
        ("+55 11 6123-4567", None, "+5511961234567"),
        ("+55 11 7812-3456", None, "+551178123456"),
        ("+241 06 12 34 56", None, "+24166123456"),
        ("+241 7 12 34 56", None, "+24177123456"),
        ("066 12 34 56", "GA", "+24166123456"),
        ("0162 123 4567", "VN", "+84321234567"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("011 49 171 1234567", "US", "+491711234567"),
        ("8 926 123 45 67", "RU", "+79261234567"),
        ("+7 926 123 45 67", "US", "+79261234567"),
        ("+39 (0) 333 123 4567", None, "+393331234567"),
        ("+1 0 415 555 2671", None, "+14155552671"),
        ("0049 171 1234567", "US", "+491711234567"),
        ("tel:415-555-2671;phone-context=+1", None, "+14155552671"),
        ("Tel. +1 415 555 2671", None, "+14155552671"),
        ("\u2795" "1 415 555 2671", None, "+14155552671"),
        ("+490015123456789", None, "+4915123456789"),
        ("+8600 13123456789", None, "+8613123456789"),
    ],
)  # fmt: skip
def test_customs_of_a_country_lead_to_the_form_that_is_stored(text, region, value):
    assert identifiers.parse_phone(text, region) == value
    assert identifiers.parse_phone(value, None) == value


@pytest.mark.parametrize(
    "old",
    ["+541166773399", "+22997123456", "+551161234567", "+22507014657", "+24106123456", "+2416123456",
     "+5215512345678", "+841621234567"],
)  # fmt: skip
def test_old_form_of_a_plan_is_found_from_the_new_one(old):
    new = identifiers.parse_phone(old, None)
    assert new != old
    assert old in numbering_plans.older(new)


def test_settings_of_phonenumber_field_change_nothing(settings):
    settings.PHONENUMBER_DB_FORMAT = settings.PHONENUMBER_DEFAULT_FORMAT = "NATIONAL"
    assert identifiers.parse("+1 415 555 2671", None).value == "+14155552671"


def test_number_without_a_change_has_no_older_form():
    for value in ["+14155552671", "+2250507014657", "+552123456789", "+2290234567"]:
        assert numbering_plans.older(value) == []


@pytest.mark.parametrize(
    ("text", "region", "says"),
    [
        ("", None, "Type a phone number"),
        ("+1 415 +555 2671", None, "Type a phone number"),
        ("+14155552671,+14155552672", None, "Type a phone number"),
        ("+1415555\n2671", None, "Type a phone number"),
        ("9" * 5000, None, "Type a phone number"),
        ("415 555 2672", None, "with + and its country code"),
        ("+999 123456789", None, "No country has this code"),
        ("911", "US", "too short"),
        ("+1", None, "too short"),
        ("+1 415 555 26711111111", None, "too long"),
        ("+1-800-FLOWERS", None, "digits in place of the letters"),
        ("+1 415 555 2671 ext 5", None, "extension"),
        ("+14155552671x5", None, "extension"),
        ("+14155552671;ext=5", None, "extension"),
        ("+14155552671,,5#", None, "extension"),
        ("jane", None, "whole email address such as jane@example.com, or a phone number"),
        ("jane1990", None, "whole email address"),
    ],
)
def test_refusal_says_what_to_type(text, region, says):
    assert says in sentence(text, region)


def test_half_typed_identifier_is_answered_in_words_of_the_kinds_that_are_on():
    assert "email address" not in sentence("jane", kinds=[Kind.PHONE_NUMBER])
    assert "phone" not in sentence("jane", kinds=[Kind.EMAIL_ADDRESS])
    assert identifiers.parse("+14155552671", None, kinds=[Kind.EMAIL_ADDRESS]).kind == Kind.PHONE_NUMBER


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("+1415555267", "too short. Type all its digits, as in +1 201-555-0123"),
        ("+141555526711", "too long"),
        ("+493090182", "not a mobile number"),
        ("+18005550100", "not a mobile number"),
        ("+80012345678", "not a mobile number"),
        ("+16243051111", "can't send codes to this number yet"),
    ],
)
def test_new_number_is_judged_in_words_that_claim_no_more_than_is_known(value, says):
    assert says in judged(value)
    identifiers.require_mobile(value, allowed=(value[:5],))


def test_everything_unseen_around_a_number_is_left_out():
    for number in range(sys.maxunicode + 1):
        character = chr(number)
        if character.isspace() or unicodedata.category(character) == "Cf":
            assert character in phone_numbers.UNSEEN
    around = phone_numbers.UNSEEN
    assert identifiers.parse_phone(f"{around[::-1]}+14155552671{around}", None) == "+14155552671"
    assert identifiers.parse(f"{around}jane@example.com{around}", None).value == "jane@example.com"


def table():
    rows = [line.strip("| ").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    return [[cell.strip("`– ") for cell in row] for row in rows if len(row) == 3]


@pytest.mark.parametrize(("spelling", "region", "outcome"), table())
def test_table_of_the_docs_is_true(spelling, region, outcome):
    if outcome.startswith("+"):
        value = identifiers.parse_phone(spelling, region or None)
        identifiers.require_mobile(value)
        assert value == outcome
        return
    with pytest.raises(FormatInvalid) as refused:
        identifiers.require_mobile(identifiers.parse_phone(spelling, region or None))
    assert str(refused.value.long_message) == outcome
