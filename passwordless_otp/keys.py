"""Keys derived from SECRET_KEY, and digests made with them.

Each purpose (codes, session tokens, counters, factor ids) has its own key: HMAC-SHA256(SECRET_KEY, purpose). So a
value that one of them reveals is of no use for another.

Rotation: a verification stores the id of its key. A live code still works while the old secret is one of
SECRET_KEY_FALLBACKS, and so does a sealed text. Counters and recognised browsers are found under those as well.
"""

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
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
    return digests(purpose, *parts)[0]


def digests(purpose: str, *parts: str) -> list[str]:
    """Return the digest of `parts`, and those that older keys would give, which are fallbacks now."""
    framed = frame(*parts)
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hmac.digest(_derived(each, purpose), framed, hashlib.sha256).hex()[:32] for each in secrets]


def seal(purpose: str, *parts: str) -> str:
    """Encrypt `parts` and protect them from changes. The result consists of letters, digits, `-`, `_` and `=`.

    An HMAC of the parts is both their authentication tag and the nonce of their encryption, as in RFC 5297 (SIV).
    So no nonce can be used twice for two texts, and the same parts always give the same result: seal only what
    contains a random secret.
    """
    data = json.dumps(parts).encode()
    tag = _tag(settings.SECRET_KEY, purpose, data)
    return urlsafe_b64encode(tag + _encrypt(settings.SECRET_KEY, purpose, tag, data)).decode()


def unseal(purpose: str, sealed: str) -> list[str]:
    """Return the parts that `seal` was given for this purpose. Raises `ValueError` for any other text."""
    raw = urlsafe_b64decode(sealed.encode("ascii"))
    tag, encrypted = raw[:32], raw[32:]
    for secret in [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]:
        data = _encrypt(secret, purpose, tag, encrypted)
        if hmac.compare_digest(tag, _tag(secret, purpose, data)):
            parts: list[str] = json.loads(data)
            return parts
    raise ValueError("not sealed here")


def _tag(secret: str | bytes, purpose: str, data: bytes) -> bytes:
    return hmac.digest(_derived(secret, f"{purpose}.tag"), data, hashlib.sha256)


def _encrypt(secret: str | bytes, purpose: str, nonce: bytes, data: bytes) -> bytes:
    """Return `data` combined with a keystream that belongs to `nonce`. Doing it twice gives `data` again."""
    stream = hashlib.shake_256(_derived(secret, f"{purpose}.stream") + nonce).digest(len(data))
    return bytes(one ^ other for one, other in zip(data, stream, strict=True))


def signing() -> bytes:
    """Return the key that session tokens are signed with."""
    return _derived(settings.SECRET_KEY, "token")


def frame(*parts: str) -> bytes:
    """Join `parts`, each preceded by its length, so that no two different lists give the same bytes."""
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in (part.encode() for part in parts))
