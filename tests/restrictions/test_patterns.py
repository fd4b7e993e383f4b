"""What an entry may say, in which spellings, and which entry decides."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import parse
from passwordless_otp.models import Restriction, restrictions
from passwordless_otp.models.restrictions import effect_of


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Jane@Example.COM ", "jane@example.com"),
        ("@Example.com", "@example.com"),
        ("@BÜCHER.example", "@xn--bcher-kva.example"),
        ("@*.bücher.example", "@*.xn--bcher-kva.example"),
        ("@*.ru", "@*.ru"),
        ("*@example.com", "@example.com"),
        ("*@*.example.com", "@*.example.com"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("+1 415 *", "+1415*"),
        ("+44*", "+44*"),
    ],
)
def test_an_entry_is_kept_in_canonical_form(written, kept):
    assert restrictions.canonical_pattern(written, None) == kept
    assert restrictions.canonical_pattern(kept, None) == kept


@pytest.mark.parametrize(
    "written",
    ["", "*", "@", "@*", "@*.", "@com", "example.com", "jane@*", "j*@example.com",
     "@a@b.example", "@*.*.example.com",
     "@ｅxample.com", "@example.com.", "a@b.example, @c.example",
     "+*", "1415*", "+0*", "+14*15", "@exa mple.com"],
)  # fmt: skip
def test_what_could_match_nobody_or_anybody_is_refused(written):
    with pytest.raises(FormatInvalid):
        restrictions.canonical_pattern(written, None)


@pytest.mark.django_db
def test_two_spellings_are_one_entry():
    Restriction.objects.create(pattern="@example.com", effect="block")
    with pytest.raises(ValidationError, match="already exists"):
        Restriction(pattern="@EXAMPLE.com", effect="allow").full_clean()


@pytest.mark.django_db
def test_a_pattern_that_is_none_is_refused_at_its_field():
    with pytest.raises(ValidationError) as refused:
        Restriction(pattern="example.com", effect="block").full_clean()
    assert list(refused.value.message_dict) == ["pattern"]


@pytest.mark.parametrize(
    ("identifier", "entries", "effect"),
    [
        ("a@example.com", {"@example.com": "block"}, "block"),
        ("a@b.example.com", {"@example.com": "block"}, ""),
        ("a@b.c.example.com", {"@*.example.com": "block"}, "block"),
        ("a@example.com", {"@*.example.com": "block"}, ""),
        ("a@notexample.com", {"@example.com": "block", "@*.example.com": "block"}, ""),
        ("a@example.com", {"@example.com": "block", "a@example.com": "allow"}, "allow"),
        ("a@example.com", {"@example.com": "allow", "a@example.com": "block"}, "block"),
        ("a@b.example.com", {"@*.com": "allow", "@*.example.com": "block"}, "block"),
        ("a+x@example.com", {"a@example.com": "block"}, "block"),
        ("a+x@example.com", {"a@example.com": "allow"}, ""),
        ("a+x@example.com", {"a@example.com": "block", "a+x@example.com": "allow"}, "allow"),
        ("+14155552671", {"+1415*": "block", "+1*": "allow"}, "block"),
        ("+14155552671", {"+14155552671": "allow", "+1*": "block"}, "allow"),
        ("+14155552671", {"+44*": "block"}, ""),
    ],
)
def test_the_most_specific_entry_decides(identifier, entries, effect):
    assert effect_of(parse(identifier, None), entries) == effect


DOMAINS = st.sampled_from(["example.com", "a.example.com", "b.a.example.com", "example.org"])
TAGS = st.sampled_from(["", "+", "+x", "+x+y"])


@given(st.sampled_from(["eve", "jane"]), TAGS, DOMAINS)
def test_whoever_is_blocked_is_so_with_every_tag(name, tag, domain):
    entries = {f"{name}@{domain}": "block"}
    assert effect_of(parse(f"{name}{tag}@{domain}", None), entries) == "block"
