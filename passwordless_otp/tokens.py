"""Session tokens: JSON Web Tokens that live a minute, for front ends, and for services that have no session.

With `JWT_PRIVATE_KEY` any service can verify them: the API publishes the public key as a JWK set (RFC 7517). The
algorithm is RS256 with an RSA key, EdDSA with an Ed25519 key. `kid` names the key, and `iss` the issuer:
PUBLIC_URL and the path where the site has included the URLs. The key of the session is in them too, sealed, so
that `authentication.SessionTokenAuthentication` can look whether the session still lives.

Without `JWT_PRIVATE_KEY` they are signed with a key that only the app has, and nobody accepts them: front ends
made for Clerk need one to read, not to prove anything.
"""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from functools import lru_cache
from typing import Any, NamedTuple

import jwt
from django.core.exceptions import ImproperlyConfigured
from django.views.decorators.debug import sensitive_variables
from jwt import algorithms

from passwordless_otp import conf, keys, links

LIFE = 60  # seconds
LEEWAY = 5  # seconds that the clocks of two servers may differ
RSA_BITS = 2048  # NIST SP 800-57 Part 1 Rev. 5 §5.6.1
PURPOSE = "token_session"
CLAIM = "otp_session"  # the sealed key of the session
REQUIRED = ["exp", "iat", "iss", "sid", "sub", CLAIM]


class SigningKey(NamedTuple):
    """The private key, the algorithm that it is for, and its public half as a JWK."""

    algorithm: str
    private: Any
    jwk: dict[str, Any]


def session_token(
    user_id: object, session_id: str, session_key: str | None = None, origin: str | None = None
) -> dict[str, Any]:
    """Return a token of a live session, valid for `LIFE` seconds, as Clerk's front ends read it.

    `origin` is that of the page which gets the token (`azp`), for services that take tokens of some pages only.
    """
    now = int(time.time())
    claims = {
        "iss": conf.public_origin(),
        "sub": f"user_{user_id}",
        "sid": session_id,
        "iat": now,
        "exp": now + LIFE,
    }
    if conf.get("JWT_PRIVATE_KEY"):
        claims |= {"azp": origin} if origin else {}
        return {"object": "token", "jwt": _sign(claims, session_key or "")}
    return {"object": "token", "jwt": jwt.encode(claims, keys.signing(), algorithm="HS256")}


def read(token: str) -> dict[str, Any]:
    """Return the claims of a token that this site has signed. Raises PyJWT's `InvalidTokenError`."""
    key = signing_key()
    claims: dict[str, Any] = jwt.decode(
        token,
        key.private.public_key(),
        algorithms=[key.algorithm],
        issuer=issuer(),
        leeway=LEEWAY,
        options={"require": REQUIRED},
    )
    return claims


def session_key_of(claims: dict[str, Any]) -> str:
    """Return the key of the session that these claims belong to, or an empty string."""
    try:
        return keys.unseal(PURPOSE, str(claims[CLAIM]))[1]
    except ValueError:
        return ""


def issuer() -> str:
    """Return PUBLIC_URL and the path where the site has included the URLs, such as `https://example.com/auth`."""
    return conf.public_origin() + links.path("jwks").removesuffix("/v1/jwks")


def public_keys() -> list[dict[str, Any]]:
    """Return the public keys of tokens, as JWKs. There is none without `JWT_PRIVATE_KEY`."""
    return [signing_key().jwk] if conf.get("JWT_PRIVATE_KEY") else []


def signing_key() -> SigningKey:
    """Return the key of `JWT_PRIVATE_KEY`. Raises `ImproperlyConfigured` without quoting it."""
    return _load(conf.get("JWT_PRIVATE_KEY"))


def _sign(claims: dict[str, Any], session_key: str) -> str:
    key = signing_key()
    own = {"iss": issuer(), "nbf": claims["iat"], CLAIM: keys.seal(PURPOSE, claims["sid"], session_key)}
    return jwt.encode(claims | own, key.private, key.algorithm, headers={"kid": key.jwk["kid"]})


@lru_cache(maxsize=4)
@sensitive_variables("pem")
def _load(pem: str) -> SigningKey:
    if not algorithms.has_crypto:
        raise ImproperlyConfigured('JWT_PRIVATE_KEY needs a package: pip install "passwordless_otp[jwt]".')
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:  # an environment variable often has `\n` in place of line breaks
        private: Any = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
    except (AttributeError, TypeError, ValueError, UnsupportedAlgorithm):
        private = None  # raised below: what is raised here would carry an exception that may quote the key
    if private is None:
        raise ImproperlyConfigured("JWT_PRIVATE_KEY is no private key in PEM format, or has a password.")
    return _describe(private)


def _describe(private: Any) -> SigningKey:
    """Return the key with its JWK, whose `kid` is the thumbprint of RFC 7638. Raises `ImproperlyConfigured`."""
    from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= RSA_BITS:
        algorithm, members = "RS256", algorithms.RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    elif isinstance(private, ed25519.Ed25519PrivateKey):
        algorithm, members = "EdDSA", algorithms.OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        raise ImproperlyConfigured(f"JWT_PRIVATE_KEY is neither RSA of {RSA_BITS} bits or more nor Ed25519.")
    jwk = {name: members[name] for name in ["crv", "e", "kty", "n", "x"] if name in members}
    thumbprint = hashlib.sha256(json.dumps(jwk, separators=(",", ":"), sort_keys=True).encode()).digest()
    kid = urlsafe_b64encode(thumbprint).rstrip(b"=").decode()
    return SigningKey(algorithm, private, {**jwk, "kid": kid, "alg": algorithm, "use": "sig"})
