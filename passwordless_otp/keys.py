"""The keys that SECRET_KEY yields, and digests made with them."""

import hashlib
import hmac
from functools import lru_cache

from django.conf import settings


class KeyMissing(Exception):
    """Neither SECRET_KEY nor a fallback is the key that was asked for."""


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
    """Return the fingerprint of that key: 16 hexadecimal digits that reveal nothing of it."""
    return _fingerprint(settings.SECRET_KEY)


def find(key_id: str) -> bytes:
    """Return the key with this fingerprint. Raises `KeyMissing`."""
    for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        if _fingerprint(secret) == key_id:
            return _derived(secret, "code")
    raise KeyMissing(f"no key {key_id} among SECRET_KEY and SECRET_KEY_FALLBACKS")


def known(key_id: str) -> bool:
    """Tell whether `find` would return a key."""
    return any(_fingerprint(s) == key_id for s in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS])


def digest(purpose: str, *parts: str) -> str:
    """Return 32 hexadecimal digits that name `parts` and tell nothing of them without the key."""
    return hmac.digest(_derived(settings.SECRET_KEY, purpose), frame(*parts), hashlib.sha256).hex()[:32]


def signing() -> bytes:
    """Return the key of the session tokens."""
    return _derived(settings.SECRET_KEY, "token")


def frame(*parts: str) -> bytes:
    """Join `parts` so that no two lists of them look alike: each is preceded by its length."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
