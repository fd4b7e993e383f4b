"""One-time codes and their keys: derive, normalise, find."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passwordless_otp import codes, keys

CIRCUMSTANCES = ["nonce", "verification", "flow", "sign_in", "email_address", "jane@example.com"]


def test_code_changes_with_every_circumstance_and_key():
    base = codes.derive(b"key", *CIRCUMSTANCES, length=13, alphabet="base32")
    for index in range(len(CIRCUMSTANCES)):
        other = [*CIRCUMSTANCES]
        other[index] += "x"
        assert codes.derive(b"key", *other, length=13, alphabet="base32") != base
    assert codes.derive(b"other", *CIRCUMSTANCES, length=13, alphabet="base32") != base


def test_frame_keeps_parts_apart():
    assert keys.frame("ab", "c") != keys.frame("a", "bc")
    assert keys.frame("a", "") != keys.frame("", "a") != keys.frame("a")


@given(st.text(), st.integers(4, 13), st.sampled_from(sorted(codes.ALPHABETS)))
def test_code_has_the_length_and_alphabet_asked_for(nonce, length, alphabet):
    code = codes.derive(b"key", nonce.encode(errors="replace").decode(), length=length, alphabet=alphabet)
    assert len(code) == length
    assert set(code) <= set(codes.ALPHABETS[alphabet])
    assert codes.normalise(code, length, alphabet) == code


def test_short_code_is_not_contained_in_the_long_one():
    short, long = codes.derive(b"key", "n"), codes.derive(b"key", "n", length=8)
    assert short not in long


def test_code_keeps_leading_zeros():
    assert any(codes.derive(b"key", str(n)).startswith("0") for n in range(200))


def test_first_digits_are_evenly_distributed():
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
def test_pasted_code_is_normalised(pasted):
    assert codes.normalise(pasted) == "123456"


@pytest.mark.parametrize(
    "pasted", ["", "12345", "1234567", "123456 or 654321", "abcdef", "12345six", "1e5", "\0"]
)
def test_text_without_a_code_is_normalised_to_nothing(pasted):
    assert codes.normalise(pasted) == ""


def test_base32_code_is_normalised_in_either_case_and_in_groups():
    assert codes.normalise("abcd-efgh ijkl2", 13, "base32") == "ABCDEFGHIJKL2"
    assert codes.normalise("abcd-efgh ijkl1", 13, "base32") == ""
    assert codes.normalise("\u212abcdefghijkl2", 13, "base32") == "KBCDEFGHIJKL2"


@given(st.text(max_size=600))
def test_any_text_is_normalised_to_a_code_or_nothing(text):
    code = codes.normalise(text)
    assert code == "" or (len(code) == 6 and code.isascii() and code.isdigit())
    assert codes.normalise(code) == code


def test_key_is_found_by_its_id_while_it_is_a_fallback(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new", ["old"]
    key, name = keys.current(), keys.current_id()
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "newer", ["new"]
    assert keys.find(name) == key != keys.current()
    settings.SECRET_KEY_FALLBACKS = []
    assert not keys.known(name)
    with pytest.raises(keys.KeyMissing):
        keys.find(name)


def test_keys_differ_by_purpose(settings):
    assert len({keys.current(), keys.signing(), keys.digest("a", "x"), keys.digest("b", "x")}) == 4
    settings.SECRET_KEY = b"bytes are a key as well"
    assert len(keys.current()) == 32


@pytest.mark.parametrize("text", ["123.456", "123/456", "(123)456", "123+456", "123_456", "123,456"])
def test_code_with_other_separators_than_blanks_and_dashes_is_refused(text):
    assert codes.normalise(text) == ""
