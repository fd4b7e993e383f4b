"""A short-lived JSON Web Token for front ends that insist on one. Django takes it as proof of nothing."""

import time
from typing import Any

import jwt

from passwordless_otp import conf, keys

LIFE = 60  # seconds


def session_token(user_id: object, session_id: str) -> dict[str, Any]:
    """Return a JWT of a live session (HS256, good for `LIFE`) as Clerk's front ends read it."""
    now = int(time.time())
    claims = {
        "iss": conf.public_origin(),
        "sub": f"user_{user_id}",
        "sid": session_id,
        "iat": now,
        "exp": now + LIFE,
    }
    return {"object": "token", "jwt": jwt.encode(claims, keys.signing(), algorithm="HS256")}
