"""One-time codes, in the order in which they live: derive, normalise, match. Pure functions.

Format: HMAC-SHA256(key, circumstances, length, alphabet), each part preceded by its length, read as a number and
written in the alphabet: six digits by default, up to 13 characters of base32. The circumstances are nonce,
verification, flow, purpose, and kind and value of the identifier, so a code is wrong in any other flow.

Threat: somebody reads the database, a queue, a log or the admin. The code is stored nowhere; whoever has the
nonce still needs the key, which `keys` derives from SECRET_KEY (RFC 4226 §7.5). The worker that sends a code, the
attempt that compares it and a resend each derive it again.
"""

import hashlib
import hmac
import re
import unicodedata

from django.utils.crypto import constant_time_compare

from passwordless_otp import keys

DIGITS = "digits"
BASE32 = "base32"
ALPHABETS = {DIGITS: "0123456789", BASE32: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"}  # RFC 4648 §6
LENGTH = 6
MAX_TEXT = 500  # characters of a pasted text that are looked at


def derive(key: bytes, *circumstances: str, length: int = LENGTH, alphabet: str = DIGITS) -> str:
    """Return the code for these circumstances: `length` characters of `alphabet`, leading zeros kept."""
    letters = ALPHABETS[alphabet]
    digest = hmac.digest(key, keys.frame(*circumstances, str(length), alphabet), hashlib.sha256)
    number = int.from_bytes(digest, "big")  # 256 bits: the bias of a modulus is below 2^-190
    code = ""
    for _ in range(length):
        number, index = divmod(number, len(letters))
        code += letters[index]
    return code


def normalise(text: str, length: int = LENGTH, alphabet: str = DIGITS) -> str:
    """Return the code in a text that was typed or pasted; an empty string if there is none or more than one.

    Digits of any script, blanks, dashes and lower case are accepted. Of a longer text, the only run of exactly
    `length` digits counts: "your code is 123456".
    """
    plain = "".join(_plain(c) for c in unicodedata.normalize("NFKC", text[:MAX_TEXT]))
    bare = "".join(c for c in plain if c not in " -")
    if alphabet == BASE32:
        bare = bare.upper() if bare.isascii() else ""
    if len(bare) == length and set(bare) <= set(ALPHABETS[alphabet]):
        return bare
    runs = [run for run in re.findall(r"[0-9]+", plain) if len(run) == length]
    return runs[0] if alphabet == DIGITS and len(runs) == 1 else ""


match = constant_time_compare  # whether the code that was typed is the one expected


def _plain(character: str) -> str:
    """Return the ASCII digit, dash or blank that this character stands for, else the character."""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if unicodedata.category(character) == "Pd":
        return "-"
    return " " if character.isspace() else character
