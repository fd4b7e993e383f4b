"""The catalogs in locale/: whole, compiled, and saying what the English texts say."""

import gettext
import itertools
import os
import re
import shutil
import sys
from pathlib import Path

import polib
import pytest
from django.conf import global_settings
from django.utils import translation

from passwordless_otp import sms
from passwordless_otp.messaging import render
from passwordless_otp.models.messages import MessageKind
from tests import needs
from tests.docs.blocks import ROOT, blocks
from tests.languages import FOLDERS, LANGUAGES, LATIN, LOCALE, TRANSLATED, catalog
from tests.packaging.conftest import run

# What no language may change: placeholders, markup, the names that the API goes by.
FIXED = re.compile(r"%\(\w+\)s|%[^(\s]|\{\w*\}|<[^>]+>|\w+_code")
PAGE = ROOT / "docs/translating.md"
NEW = "sv"  # a language that Django knows and that has no folder
WORDS = {
    "app": "Larder",
    "code": "012345",
    "code_in_subject": True,
    "domain": "example.com",
    "minutes": 10,
    "sign_up_url": "https://example.com/auth/sign-up/",
    "support_email": "help@example.com",
}

every_folder = pytest.mark.parametrize("folder", FOLDERS)
every_language = pytest.mark.parametrize("language", TRANSLATED)


def key(entry):
    return (entry.msgctxt, entry.msgid, entry.msgid_plural)


def forms(entry):
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def texts(entries):
    return {key(entry): forms(entry) for entry in entries if entry.msgid}


def fixed(text):
    return sorted(FIXED.findall(text))


def plural(entries):
    """Return how many forms this language has, and which of them a number takes."""
    header = entries.metadata["Plural-Forms"]
    return int(re.search(r"nplurals=(\d+)", header)[1]), gettext.c2py(re.search(r"plural=(.+?);", header)[1])


def of_one_number(entries):
    """Return the forms that at most one number takes: there it may stand as a word, or go without saying."""
    count, form = plural(entries)
    numbers = [form(number) for number in range(1, 1000)]
    return {index for index in range(count) if numbers.count(index) < 2}


@every_folder
def test_every_text_is_translated_and_none_is_fuzzy(folder):
    entries = catalog(folder)
    assert len(entries) > 100
    assert [entry.msgid for entry in entries if not entry.translated()] == []
    assert [entry.msgid for entry in entries if entry.msgstr != entry.msgstr.strip()] == []
    assert not entries.metadata_is_fuzzy


@every_folder
def test_catalog_names_its_language(folder):
    metadata = catalog(folder).metadata
    assert metadata["Language"] == folder
    assert metadata["Content-Type"] == "text/plain; charset=UTF-8"
    assert translation.to_language(folder) in dict(global_settings.LANGUAGES)


@every_folder
def test_every_plural_form_is_translated(folder):
    entries = catalog(folder)
    count, _ = plural(entries)
    for entry in [entry for entry in entries if entry.msgid_plural]:
        assert sorted(entry.msgstr_plural) == list(range(count)), entry.msgid


@every_folder
def test_placeholders_and_markup_match_the_english_text(folder):
    for entry in catalog(folder):
        if not entry.msgid_plural:
            assert fixed(entry.msgstr) == fixed(entry.msgid), entry.msgid


@every_folder
def test_plural_form_has_the_number_unless_it_is_for_one_number(folder):
    entries = catalog(folder)
    alone = of_one_number(entries)
    for entry in [entry for entry in entries if entry.msgid_plural]:
        many = fixed(entry.msgid_plural)
        unnamed = [part for part in many if not part.startswith("%(")]  # Python misses these
        for index, text in entry.msgstr_plural.items():
            assert fixed(text) in ([many, unnamed] if index in alone else [many]), text


@every_folder
def test_compiled_catalog_matches_its_source(folder):
    compiled = polib.mofile(str(LOCALE / folder / "LC_MESSAGES/django.mo"))
    assert texts(compiled) == texts(catalog(folder))
    assert compiled.metadata["Plural-Forms"] == catalog(folder).metadata["Plural-Forms"]


@pytest.fixture(scope="session")
def updated(tmp_path_factory):
    """The catalogs of a copy, with one language more, after the commands for translators."""
    needs.program("msgmerge", "gettext")
    copy = tmp_path_factory.mktemp("checkout")
    for name in ["passwordless_otp", "example_project"]:
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    shutil.copy(ROOT / "manage.py", copy)
    (copy / "passwordless_otp/locale" / NEW).mkdir()
    [commands] = blocks(PAGE, "sh")
    path = f"PATH={Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    run("env", path, "bash", "-ec", commands.text, cwd=copy)
    return copy / "passwordless_otp/locale"


@every_folder
def test_catalog_has_exactly_the_texts_of_the_code(folder, updated):
    now, then = set(texts(catalog(folder, updated))), set(texts(catalog(folder)))
    assert now - then == set()
    assert then - now == set()


@every_folder
def test_shipped_catalog_is_what_the_commands_compile(folder, updated):
    name = f"{folder}/LC_MESSAGES/django.mo"
    assert texts(polib.mofile(str(updated / name))) == texts(polib.mofile(str(LOCALE / name)))


def test_new_language_begins_with_an_empty_folder(updated):
    new = catalog(NEW, updated)
    assert set(texts(new)) == set(texts(catalog(FOLDERS[0], updated)))
    assert "nplurals=2" in new.metadata["Plural-Forms"]
    assert [entry.comment for entry in new if entry.msgctxt == "SMS" and not entry.comment] == []


def test_admin_texts_are_not_in_the_catalogs():
    for words in ["instance settings", "Instance settings"]:
        assert words not in [entry.msgid for entry in catalog(FOLDERS[0])]


@every_language
def test_email_has_the_same_parts_in_each_language(language):
    with translation.override(language):
        here = [render.compose(kind, "email", WORDS) for kind in MessageKind]
    with translation.override("en"):
        english = [render.compose(kind, "email", WORDS) for kind in MessageKind]
    for pair, part in itertools.product(zip(here, english, strict=True), ["subject", "body", "html"]):
        ours, theirs = (getattr(message, part) for message in pair)
        assert ours != theirs
        assert "%(" not in ours
        for word in WORDS.values():
            assert (str(word) in ours) == (str(word) in theirs), (word, ours)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_sms_is_one_segment_in_each_language_and_ends_with_its_last_line(language):
    kinds = [kind for kind in MessageKind if kind.has_code]
    for kind, app, code in itertools.product(kinds, ["Larder", ""], ["012345", "ABCDEFGHIJKLM"]):
        with translation.override(language):
            text = render.compose(kind, "sms", {**WORDS, "app": app, "code": code}).body
        assert text.endswith(f"\n\n@example.com #{code}")
        assert text.count(code) == 2
        assert sms.segments(text) == 1
        if language in LATIN:
            assert sms.foreign(text) == ""
            assert app in text


@every_folder
def test_sms_text_without_name_fits_beside_the_last_line(folder):
    """Of 70, a code of 13 and a domain of 10 characters take 41."""
    limit = 60 if translation.to_language(folder) in LATIN else 28
    entries = {entry.msgid: entry.msgstr for entry in catalog(folder) if entry.msgctxt == "SMS"}
    nameless = [text for msgid, text in entries.items() if "%(code)s" in msgid and "%(app)s" not in msgid]
    assert len(nameless) == 2
    assert [text for text in nameless if len(text.replace("%(code)s", "")) > limit] == []
