"""Email addresses and phone numbers: parsed into one canonical form, refused, masked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passwordless_otp import identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import (
    IdentifierValue,
    Kind,
    Strategy,
    mailbox,
    mask,
    parse,
    parse_email,
    require_mobile,
)

EMAILS = [
    "jane@example.com",
    "Jane@example.com",
    "JANE@EXAMPLE.COM",
    "jane@Example.Com",
    " jane@example.com",
    "jane@example.com ",
    "\u00a0jane@example.com\u3000",
    "jAnE@eXaMpLe.cOm",
]
PHONES = [
    "+14155552671",
    "+1 415 555 2671",
    "+1 (415) 555-2671",
    "+1-415-555-2671",
    "+1.415.555.2671",
    "+1/415/555/2671",
    "+1 415 555\u00a02671",
    "+1\u2011415\u2011555\u20112671",
    "+1 415\u2013555\u20132671",
    "\uff0b1 415 555 2671",
    "+\uff11\uff14\uff11\uff15\uff15\uff15\uff15\uff12\uff16\uff17\uff11",
    " +1 415 555 2671 ",
    "(415) 555-2671",
    "415-555-2671",
    "4155552671",
    "1 415 555 2671",
    "14155552671",
    "011 1 415 555 2671",
    "415.555.2671",
    "415 5552671",
]


@pytest.mark.parametrize("text", EMAILS)
def test_spellings_of_an_email_address_have_one_canonical_form(text):
    assert parse(text, None) == (Kind.EMAIL_ADDRESS, "jane@example.com")


@pytest.mark.parametrize(
    "text", ["a-@example.com", "a|/b@example.com", "_a@localhost.example", "a@localdomain.com", "a@host.local"]
)
def test_what_servers_do_not_interpret_is_taken(text):
    assert parse_email(text) == text


@pytest.mark.parametrize(
    "text", ["a@m\u00fcnchen.de", "A@M\u00dcNCHEN.DE", "a@xn--mnchen-3ya.de", "a@XN--MNCHEN-3YA.de"]
)
def test_domain_is_stored_as_a_labels(text):
    assert parse(text, None).value == "a@xn--mnchen-3ya.de"


@pytest.mark.parametrize("text", PHONES)
def test_20_spellings_of_a_phone_number_have_one_canonical_form(text):
    assert parse(text, "US") == (Kind.PHONE_NUMBER, "+14155552671")


@pytest.mark.parametrize(
    "text",
    [
        "a@b",
        "a@b@example.com",
        "a@example.com,b@example.com",
        "a@example.com;b@example.com",
        "a b@example.com",
        '"a"@example.com',
        "<a@example.com>",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\0",
        "a\u200b@example.com",
        "a@exam\u00adple.com",
        "\u212aate@example.com",
        "kate@\u212aindle.com",
        "a\uff20example.com",
        "\uff41@example.com",
        "\u00e4@example.com",
        "a@example..com",
        "a@.example.com",
        "a@example.com.",
        "a@-example.com",
        "a@exa_mple.com",
        "a@[127.0.0.1]",
        "a@127.0.0.1",
        ".a@example.com",
        "a.@example.com",
        "a..b@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 64 + ".com",
        "a@" + "b." * 130 + "com",
        "@example.com",
        "a@",
        "@",
        "a@\ud800.com",
        "a@xn--a.com",
        "a@\U0001f600.com",
        "a@example\u3002com",
        "-x@example.com",
        "|x@example.com",
        "/x@example.com",
        "a%b@example.com",
        "example.org!a@example.com",
        "root@localhost.localdomain",
        "root@a.b.localhost",
        "root@A.LOCALDOMAIN",
        "=?utf-8?q?victim?=@example.com",
        "=?ascii?q?=76ictim?=@example.com",
    ],
)
def test_invalid_email_address_is_refused(text):
    with pytest.raises(FormatInvalid):
        parse(text, "US")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "911",
        "+1",
        "+1 415 555 267111111",
        "+1-800-FLOWERS",
        "+14155552671 x5",
        "+14155552671;ext=5",
        "+14155552671,+14155552672",
        "+1415555\n2671",
        "+999 123456789",
        "\ud800",
        "0" * 5000,
    ],
)
def test_invalid_phone_number_is_refused(text):
    with pytest.raises(FormatInvalid):
        parse(text, "US")


def test_national_number_is_refused_without_a_region():
    with pytest.raises(FormatInvalid, match="form_param_format_invalid") as refused:
        parse("(415) 555-2671", None)
    assert "country code" in str(refused.value.long_message)


@pytest.mark.parametrize("value", ["+14155552671", "+4915123456789", "+447400123456", "+819012345678"])
def test_mobile_number_is_accepted(value):
    require_mobile(value)


@pytest.mark.parametrize(
    "value",
    [
        "+11111111111",
        "+18003569377",
        "+19002345678",
        "+80012345678",
        "+4930123456",
        "+442079460958",
        "+870773111632",
    ],
)
def test_number_that_is_not_mobile_is_refused(value):
    with pytest.raises(FormatInvalid):
        require_mobile(value)


def test_mask_hides_most_of_an_identifier():
    assert mask(parse("jane@mail.example.com", None)) == "j•••@m•••.com"
    assert mask(parse("+14155552671", None)) == "+1•••••••671"
    assert mask(parse("+11111111111", None)) == "+1•••••••111"


@given(st.text(max_size=80) | st.emails() | st.from_regex(r"\+?[0-9 ()-]{4,20}", fullmatch=True))
def test_canonical_form_is_ascii_and_parses_to_itself(text):
    try:
        address = parse(text, "US")
    except FormatInvalid:
        return
    assert address.value.isascii()
    assert len(address.value) <= identifiers.MAX_LENGTH
    assert parse(address.value, None) == address
    assert "•" in mask(address)


def address_of(local, total):
    """Return an email address of this length in all and of its local part; labels have at most 63."""
    rest = total - local - len("@.example.com")
    labels = ["d" * 50] * (rest // 51)
    labels.append("d" * (rest - 51 * len(labels)))
    return f"{'l' * local}@{'.'.join(labels)}.example.com"


@pytest.mark.parametrize(
    ("local", "total", "fits"), [(64, 200, True), (65, 200, False), (10, 254, True), (10, 255, False)]
)
def test_email_address_is_refused_above_64_characters_of_local_part_or_254_in_all(local, total, fits):
    address = address_of(local, total)
    assert len(address) == total
    if fits:
        assert parse_email(address) == address
        return
    with pytest.raises(FormatInvalid):
        parse_email(address)


def test_email_address_without_at_sign_is_refused():
    with pytest.raises(FormatInvalid):
        parse_email("jane.example.com")


@pytest.mark.parametrize(
    ("kind", "strategy", "channel"),
    [("email_address", "email_code", "email"), ("phone_number", "phone_code", "sms")],
)
def test_kind_has_its_strategy_and_channel(kind, strategy, channel):
    assert Kind(kind).strategy == strategy
    assert Strategy(strategy).kind == kind
    assert Kind(kind).channel == channel


@pytest.mark.parametrize(
    ("email", "box"),
    [
        ("jane@example.com", "jane@example.com"),
        ("jane+shop@example.com", "jane@example.com"),
        ("jane+a+b@example.com", "jane@example.com"),
        ("+jane@example.com", "+jane@example.com"),
    ],
)
def test_mailbox_is_the_address_without_its_tag(email, box):
    assert mailbox(email) == box


@pytest.mark.parametrize(
    ("number", "shown"), [("+2901234", "+290••••"), ("+29012345", "+290•••••"), ("+290123456", "+290•••456")]
)
def test_mask_shows_the_last_three_digits_of_long_numbers_only(number, shown):
    assert mask(IdentifierValue(Kind.PHONE_NUMBER, number)) == shown


def test_blanks_and_format_characters_around_an_address_are_left_out_and_inside_refused():
    for around in ["\t", "\n", "\u3000", "\u200b", "\ufeff", "\u202a", "\u00ad"]:
        assert parse_email(f"{around}jane@example.com{around}") == "jane@example.com"
        with pytest.raises(FormatInvalid):
            parse_email(f"jane{around}@example.com")
