"""The languages that are shipped: one for each folder of locale/, and English."""

import unicodedata

import polib
from django.utils.translation import to_language

from tests.docs.blocks import ROOT

LOCALE = ROOT / "passwordless_otp/locale"
FOLDERS = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
TRANSLATED = [to_language(folder) for folder in FOLDERS]
LANGUAGES = ["en", *TRANSLATED]


def catalog(folder, locale=LOCALE):
    """Return what translators have written."""
    return polib.pofile(str(locale / folder / "LC_MESSAGES/django.po"))


def translations(language):
    """Return what stands in for each English text outside of an SMS. Texts with a plural are left out."""
    entries = catalog(FOLDERS[TRANSLATED.index(language)])
    return {entry.msgid: entry.msgstr for entry in entries if not entry.msgctxt and not entry.msgid_plural}


def _is_latin(language):
    letter = translations(language)["Continue"][0]
    return unicodedata.name(letter).startswith("LATIN")


LATIN = {"en", *filter(_is_latin, TRANSLATED)}
