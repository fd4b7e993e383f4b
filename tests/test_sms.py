"""What fits into one SMS: the alphabet and the sizes are those of 3GPP TS 23.038 and 23.040."""

import pytest

from passwordless_otp import sms


def test_the_alphabet_has_the_size_that_the_standard_gives_it():
    assert len(sms.BASIC) == 127  # 128, less the escape
    assert len(sms.EXTENSION) == 10
    assert not sms.BASIC & sms.EXTENSION


@pytest.mark.parametrize("text", ["Ça va", "à la carte è é ì ò ù", "ÄÖÜäöüß", "ñ ¿ ¡", "€5 [~]", "@£$_\n", "ΔΩ"])
def test_these_are_gsm(text):
    assert sms.foreign(text) == ""


@pytest.mark.parametrize(
    ("text", "foreign"),
    [("ç", "ç"), ("łłó", "łó"), ("“a”", "“”"), ("a\tb", "\t"), ("’", "’"), ("コ", "コ"), ("`", "`")],
)
def test_these_are_not_and_each_is_named_once(text, foreign):
    assert sms.foreign(text) == foreign


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 159 + "€", 2),
        # 152 of 153 places are taken, and the sign is not cut in two: it begins the next segment
        ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3),
        ("ł" * 70, 1),
        ("ł" * 71, 2),
        ("ł" * 134, 2),
        ("ł" * 135, 3),
        ("ł" + "a" * 69, 1),
        ("ł" + "a" * 70, 2),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 66, 2),  # 33 pairs of 16 bits in each segment of 67
        ("😀" * 67, 3),
        ("ł" + "€" * 69, 1),  # in UCS-2 the euro is a letter as any other
    ],
)
def test_segments_are_counted_as_phones_count_them(text, count):
    assert sms.segments(text) == count


def test_the_last_line_has_one_space_and_nothing_after_it():
    assert sms.bind("text", "example.com", "123456") == "text\n\n@example.com #123456"


def test_without_a_domain_there_is_no_last_line():
    assert sms.bind("text", "", "123456") == "text"
