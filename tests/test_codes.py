"""One-time codes: derived, normalised, matched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passwordless_otp import codes, keys

CIRCUMSTANCES = ["nonce", "verification", "flow", "sign_in", "email_address", "jane@example.com"]


def test_every_circumstance_changes_the_code():
    base = codes.derive(b"key", *CIRCUMSTANCES, length=13, alphabet="base32")
    for index in range(len(CIRCUMSTANCES)):
        other = [*CIRCUMSTANCES]
        other[index] += "x"
        assert codes.derive(b"key", *other, length=13, alphabet="base32") != base
    assert codes.derive(b"other", *CIRCUMSTANCES, length=13, alphabet="base32") != base


def test_a_part_can_not_run_over_into_the_next():
    assert keys.frame("ab", "c") != keys.frame("a", "bc")
    assert keys.frame("a", "") != keys.frame("", "a") != keys.frame("a")


@given(st.text(), st.integers(4, 13), st.sampled_from(sorted(codes.ALPHABETS)))
def test_a_code_has_its_length_and_its_alphabet(nonce, length, alphabet):
    code = codes.derive(b"key", nonce.encode(errors="replace").decode(), length=length, alphabet=alphabet)
    assert len(code) == length
    assert set(code) <= set(codes.ALPHABETS[alphabet])
    assert codes.normalise(code, length, alphabet) == code


def test_a_short_code_is_not_the_tail_of_a_long_one():
    short, long = codes.derive(b"key", "n"), codes.derive(b"key", "n", length=8)
    assert short not in long


def test_leading_zeros_are_kept():
    assert any(codes.derive(b"key", str(n)).startswith("0") for n in range(200))


def test_codes_spread_evenly():
    first = [codes.derive(b"key", str(n))[0] for n in range(5000)]
    assert all(400 < first.count(digit) < 600 for digit in codes.ALPHABETS["digits"])


@pytest.mark.parametrize(
    "pasted",
    [
        "123456",
        "123 456",
        "123-456",
        " 1 2 3 4 5 6 ",
        "123\u2013456",
        "123\u00a0456",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "\u0661\u0662\u0663\u0664\u0665\u0666",
        "your code is 123456",
        "123456 is your sign-in code for Example.\n\n@example.com #123456"[:30],
        "G-123456",
        "[123456]",
        "123456\r\n",
    ],
)
def test_what_people_paste_is_read(pasted):
    assert codes.normalise(pasted) == "123456"


@pytest.mark.parametrize(
    "pasted", ["", "12345", "1234567", "123456 or 654321", "abcdef", "12345six", "1e5", "\0"]
)
def test_what_is_no_code_is_none(pasted):
    assert codes.normalise(pasted) == ""


def test_base32_is_read_in_either_case_and_in_groups():
    assert codes.normalise("abcd-efgh ijkl2", 13, "base32") == "ABCDEFGHIJKL2"
    assert codes.normalise("abcd-efgh ijkl1", 13, "base32") == ""
    assert codes.normalise("\u212abcdefghijkl2", 13, "base32") == "KBCDEFGHIJKL2"


@given(st.text(max_size=600))
def test_whatever_is_typed_becomes_a_code_or_nothing(text):
    code = codes.normalise(text)
    assert code == "" or (len(code) == 6 and code.isascii() and code.isdigit())
    assert codes.normalise(code) == code


def test_a_key_is_found_by_its_fingerprint_and_no_other_way(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    key, name = keys.current(), keys.current_id()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "newer", ["new"]
    assert keys.find(name) == key != keys.current()
    settings.SECRET_KEY_FALLBACKS = []
    assert not keys.known(name)
    with pytest.raises(keys.KeyMissing):
        keys.find(name)


def test_each_purpose_has_a_key_of_its_own(settings):
    assert len({keys.current(), keys.signing(), keys.digest("a", "x"), keys.digest("b", "x")}) == 4
    settings.SECRET_KEY = b"bytes are a key as well"
    assert len(keys.current()) == 32


@pytest.mark.parametrize("text", ["123.456", "123/456", "(123)456", "123+456", "123_456", "123,456"])
def test_only_blanks_and_dashes_stand_between_the_digits_of_one_code(text):
    assert codes.normalise(text) == ""
