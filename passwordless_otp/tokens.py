"""Session tokens: short-lived JSON Web Tokens for front ends that insist on one. Django accepts none."""

import time
from typing import Any

import jwt

from passwordless_otp import conf, keys

LIFE = 60  # seconds


def session_token(user_id: object, session_id: str) -> dict[str, Any]:
    """Return a token of a live session (HS256, valid for `LIFE` seconds), as Clerk's front ends read it."""
    now = int(time.time())
    claims = {
        "iss": conf.public_origin(),
        "sub": f"user_{user_id}",
        "sid": session_id,
        "iat": now,
        "exp": now + LIFE,
    }
    return {"object": "token", "jwt": jwt.encode(claims, keys.signing(), algorithm="HS256")}
