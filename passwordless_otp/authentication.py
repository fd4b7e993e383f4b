"""Authentication of a site's own REST framework views by session tokens."""

from importlib import import_module
from typing import Any

import jwt
from django.conf import settings
from django.contrib import auth
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.contrib.sessions.backends.signed_cookies import SessionStore as DetachedSession
from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed
from rest_framework.request import Request

from passwordless_otp import clients, tokens
from passwordless_otp.errors import ServiceUnavailable


class SessionStoreFailed(APIException):
    """Raised if it can't be known whether the session of a token lives. No 401: clients would sign out."""

    status_code, default_code, default_detail = 503, ServiceUnavailable.code, ServiceUnavailable.long_message


class SessionTokenAuthentication(BaseAuthentication):
    """Takes `Authorization: Bearer <session token>` while the session of that token lives.

    It ends with the session: by sign-out, revoked access, a change of the password, or when the user is no longer
    active. `request.auth` has the token's claims. Needs `JWT_PRIVATE_KEY`; without it there are no tokens that
    anybody accepts, and the first one raises `ImproperlyConfigured`.
    """

    def authenticate(self, request: Request) -> tuple[Any, dict[str, Any]] | None:
        """Return the user and the claims; `None` without a bearer token.

        Raises `AuthenticationFailed`, and `SessionStoreFailed`, which is answered 503.
        """
        scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        clients.current(request._request)  # PUBLIC_URL, which is in the issuer, may depend on the host
        try:
            claims = tokens.read(token.strip())
        except jwt.InvalidTokenError as error:
            raise AuthenticationFailed(_("This token is not valid. Get a new one.")) from error
        try:
            user = _user_of(claims)
        except ServiceUnavailable as error:
            raise SessionStoreFailed from error
        if user is None:
            raise AuthenticationFailed(_("You are signed out. Sign in first."))
        return user, claims

    def authenticate_header(self, request: Request) -> str:
        """Return what a 401 names in `WWW-Authenticate`. Without it, DRF would answer 403."""
        return "Bearer"


def _user_of(claims: dict[str, Any]) -> Any:
    """Return the user of the session, by the rules of Django's own session authentication; else `None`.

    Those rules change the session in some cases. They get a copy of it, which is not saved: a new key, as after a
    change of SECRET_KEY, would sign out the browser that holds the old one.
    """
    key = tokens.session_key_of(claims) or None
    stored = import_module(settings.SESSION_ENGINE).SessionStore(key)
    if type(stored) is not DatabaseSession:
        clients.read_store(stored, key)
    request = HttpRequest()
    request.session = DetachedSession()
    request.session.update(dict(stored.items()))
    request.user = auth.get_user(request)
    return request.user if clients.session_id(request) == claims["sid"] else None
