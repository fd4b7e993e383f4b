"""The site's own step between the right code and the login, such as a second factor.

1. The right code is handed in. The function that BEFORE_LOGIN names returns a path, and nobody is logged in: the
   proof waits for ten minutes, in a row of the database whose id the session has.
2. The visitor is sent to that path, where a view of the site asks `waiting` who they are, and does its step.
3. The view calls `complete`, which logs them in, and redirects to the URL that it returns.

Threat: a proof is worth a login, so it is taken once, by one conditional UPDATE, whatever copies of the session
there are. It is bound to the browser's cookie as well, and to the password that the user had. Any login, any
logout and any new flow of the browser drop it.
"""

from typing import Any

from django.conf import settings as site
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.crypto import constant_time_compare

from passwordless_otp import clients, users
from passwordless_otp.errors import ResourceNotFound, SessionExists
from passwordless_otp.flows import lifecycle
from passwordless_otp.models import Flow, TestAddress
from passwordless_otp.models.flows import auth_hash


def waiting(request: HttpRequest) -> Any:
    """Return the user whose proof waits in this session; `None` if none does, or `complete` would refuse them.

    Raises `ServiceUnavailable` if the store of the sessions fails.
    """
    flow = _waiting_flow(request)
    return None if flow is None else flow.user


def complete(request: HttpRequest) -> str:
    """Log in the user whose proof waits in this session, and return the URL to go to.

    Raises `SessionExists` while somebody is signed in; `ResourceNotFound` if no proof waits: it is too old, was
    taken or dropped, or its user may no longer sign in, has another password or no longer has what was proven;
    `ServiceUnavailable` if the login or the store of the sessions fails. Raises `RuntimeError` in a transaction,
    which could roll back and so bring the proof back.
    """
    if request.user.is_authenticated:
        raise SessionExists
    flow = _waiting_flow(request)
    if flow is None:
        clients.drop_proof(request)
        raise ResourceNotFound
    next_url: str = flow.details["proof"].get("next", "")
    lifecycle.take_proof(flow)
    request.session.pop(clients.WAITING)
    clients.log_in_if_complete(request, flow)
    return next_url or resolve_url(site.LOGIN_REDIRECT_URL)


def _waiting_flow(request: HttpRequest) -> Flow | None:
    if type(request.session) is not DatabaseSession:
        clients.require_store(request)
    pk = request.session.get(clients.WAITING)
    if pk is None or request.user.is_authenticated:
        return None
    client = clients.current(request)
    flow = lifecycle.waiting_proof(pk, client.digest)
    if flow is None or flow.user is None:
        return None
    if flow.user not in users.holders_of(list(flow.verified)).values():  # removed meanwhile, or somebody else's
        return None
    by_test_code = any(TestAddress.code_for(each, client.settings) for each in flow.verified)
    if not users.may_sign_in(flow.user, client.settings, by_test_code):
        return None
    same = constant_time_compare(flow.details["proof"]["auth_hash"], auth_hash(flow.user))
    return flow if same else None
