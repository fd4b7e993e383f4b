"""Keys derived from SECRET_KEY, and digests made with them.

Each purpose (codes, session tokens, counters, factor ids) has its own key: HMAC-SHA256(SECRET_KEY, purpose). So a
value that one of them reveals is of no use for another.

Rotation: a verification stores the id of its key. A live code still works while the old secret is one of
SECRET_KEY_FALLBACKS. Digests use the newest key only, so counters start anew after a rotation.
"""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings


class KeyMissing(Exception):
    """Raised if neither SECRET_KEY nor one of SECRET_KEY_FALLBACKS has the key id."""


@lru_cache(maxsize=32)
def _derived(secret: str | bytes, purpose: str) -> bytes:
    raw = secret if isinstance(secret, bytes) else secret.encode()
    return hmac.digest(raw, b"passwordless_otp." + purpose.encode(), hashlib.sha256)


@lru_cache(maxsize=32)
def _fingerprint(secret: str | bytes) -> str:
    return _derived(secret, "key_id").hex()[:16]


def current() -> bytes:
    """Return the key that new codes are derived with."""
    return _derived(settings.SECRET_KEY, "code")


def current_id() -> str:
    """Return the id of the key for new codes: 16 hexadecimal digits that do not reveal the key."""
    return _fingerprint(settings.SECRET_KEY)


def find(key_id: str) -> bytes:
    """Return the key for codes that has this id. Raises `KeyMissing`."""
    for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        if _fingerprint(secret) == key_id:
            return _derived(secret, "code")
    raise KeyMissing(f"no key {key_id} among SECRET_KEY and SECRET_KEY_FALLBACKS")


def known(key_id: str) -> bool:
    """Return whether `find` would return a key."""
    return any(_fingerprint(s) == key_id for s in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])


def digest(purpose: str, *parts: str) -> str:
    """Return 32 hexadecimal digits that identify `parts` and do not reveal them without the key."""
    return hmac.digest(_derived(settings.SECRET_KEY, purpose), frame(*parts), hashlib.sha256).hex()[:32]


def signing() -> bytes:
    """Return the key that session tokens are signed with."""
    return _derived(settings.SECRET_KEY, "token")


def frame(*parts: str) -> bytes:
    """Join `parts`, each preceded by its length, so that no two different lists give the same bytes."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
