"""A short-lived JSON Web Token for front ends that insist on one. Django takes it as proof of nothing."""

import time
from typing import Any

import jwt
from django.http import HttpRequest

from passwordless_otp import clients, conf, keys

LIFE = 60  # seconds


def token_of(request: HttpRequest) -> dict[str, Any]:
    """Return the token of this request's session, which has to be live."""
    now = int(time.time())
    claims = {
        "iss": conf.public_origin(),
        "sub": f"user_{request.user.pk}",
        "sid": clients.session_id(request),
        "iat": now,
        "exp": now + LIFE,
    }
    return {"object": "token", "jwt": jwt.encode(claims, keys.signing(), algorithm="HS256")}
