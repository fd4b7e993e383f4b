"""Which browser holds which flow, and logging a user in.

Besides the interfaces, this is the only module that sees a request.
"""

import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cache, cached_property, partial
from io import BytesIO
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_login_failed
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from passwordless_otp import bot_check, conf, events, keys
from passwordless_otp.errors import OTPError, ResourceNotFound, ServiceUnavailable, SessionExists, SignedOut
from passwordless_otp.flows import lifecycle
from passwordless_otp.ip_addresses import client_ip
from passwordless_otp.models import Flow, InstanceSettings, Verification, flows
from passwordless_otp.models.flows import Purpose, Status
from passwordless_otp.visitor import Visitor

logger = logging.getLogger("passwordless_otp.clients")

COOKIE_AGE = 180 * 24 * 3600  # seconds
SESSION_ID = "_passwordless_otp_session"
HASH_METHOD = "get_session_auth_hash"  # of most user models


class Client:
    """The browser that a request comes from, by the secret in its cookie. The database has only its digest."""

    def __init__(self, secret: str, ip: str = "", is_human: Callable[[], bool] | None = None) -> None:
        self.secret, self.ip, self.is_human = secret, ip, is_human
        self.digest = _digest(secret) if secret else ""  # what its flows are filed under
        self.changed = False  # whether the browser has yet to be given this secret
        self._next_secret = self._next_client = ""

    @cached_property
    def settings(self) -> InstanceSettings:
        """The instance settings, read once for this request."""
        return InstanceSettings.current()

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """Its open flows, by purpose."""
        return {flow.purpose: flow for flow in self._own if flow.status == Status.OPEN}

    @cached_property
    def known(self) -> bool:
        """Whether the database knows the cookie. One that somebody else has made up is never adopted."""
        return bool(self._own) or bool(self.secret and Flow.objects.filter(client=self.digest).exists())

    @cached_property
    def _own(self) -> list[Flow]:
        return flows.of_client(self.digest) if self.secret else []

    @property
    def visitor(self) -> Visitor:
        """What a flow is told of it."""
        since = timezone.now() - timedelta(seconds=COOKIE_AGE)
        users = {flow.user_id for flow in self._own if flow.completed_at and flow.completed_at > since}
        open_flows = frozenset(flow.pk for flow in self.flows.values())
        if not self._next_secret:
            self._next_secret = secrets.token_urlsafe(32)
            self._next_client = _digest(self._next_secret)
        client = self.digest if self.known else self._next_client
        return Visitor(client, self._next_client, self.ip, frozenset(users), open_flows, self.is_human)

    def find(self, purpose: Purpose, pk: UUID) -> Flow:
        """Return this flow. Raises `ResourceNotFound`, also if it is another client's."""
        for flow in self._own:
            if (flow.pk, flow.purpose) == (pk, purpose):
                return flow
        raise ResourceNotFound

    def keep(self, flow: Flow) -> None:
        """Take over what a step has returned. If something was proven in it, the browser gets a new cookie."""
        if flow.client == self._next_client != self.digest:
            self._move()
            self._own, self.flows, self.known = [flow], {}, True
        if flow.status == Status.OPEN:
            self.flows[flow.purpose] = flow

    def reread(self, *, moved: bool = False) -> None:
        """Read its flows again when they are asked for: under the new cookie if something was proven."""
        if moved:
            self._move()
        for name in ["_own", "flows", "known"]:
            vars(self).pop(name, None)

    def _move(self) -> None:
        self.secret, self.digest, self.changed = self._next_secret, self._next_client, True
        self._next_secret = self._next_client = ""


def current(request: HttpRequest) -> Client:
    """Return the client of this request, the same one each time."""
    client: Client | None = getattr(request, "_passwordless_otp_client", None)
    if client is None:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        ip = client_ip(request.META.get("REMOTE_ADDR", ""), forwarded, conf.get("TRUSTED_PROXIES"))
        # Asked once a request: the token that a visitor brings can often be used only once.
        is_human = cache(partial(bot_check.passes, request, ip)) if conf.get("BOT_CHECK") else None
        client = Client(request.COOKIES.get(cookie_name(), ""), ip, is_human)
        request._passwordless_otp_client = client  # type: ignore[attr-defined]
    return client


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie, if this request gave the client a new one."""
    client = current(request)
    if client.changed:
        response.set_cookie(
            cookie_name(),
            client.secret,
            max_age=COOKIE_AGE,
            path=settings.SESSION_COOKIE_PATH,
            domain=settings.SESSION_COOKIE_DOMAIN,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite="Lax",
        )


def cookie_name() -> str:
    """Return the cookie's name, prefixed where no other domain can set it (RFC 6265bis §4.1.3)."""
    bare = settings.SESSION_COOKIE_PATH == "/" and not settings.SESSION_COOKIE_DOMAIN
    return "__Host-otp_client" if settings.SESSION_COOKIE_SECURE and bare else "otp_client"


def log_in(request: HttpRequest, flow: Flow) -> None:
    """Make the completed flow's user the user of this session. Raises `ServiceUnavailable`: the code is spent."""
    user = flow.user
    try:
        _begin_session(request, user, current(request).settings.session_lifetime_days)
    except Exception as error:
        logger.exception("the login after flow %s failed", flow.pk)
        with suppress(Exception):  # it may be the session's store that failed
            request.session.flush()
        request.session = type(request.session)()
        request.user = AnonymousUser()
        raise ServiceUnavailable from error
    if flow.made_user:
        events.signed_up(request, flow)
    events.signed_in(request, flow)


def _begin_session(request: HttpRequest, user: Any, days: int | None) -> None:
    """Log in. A new session is saved once, with its content: receivers see its key, as after `login()`.

    `login()` alone saves an empty session for the key, and Django's middleware saves it again at the end. A
    session that exists already is left to `login()`, which gives it a new key.
    """
    session, backend, session_id = request.session, _backend_of(user), secrets.token_hex(16)
    is_new = session.is_empty() and session.session_key is None and isinstance(session, DatabaseSession)
    if is_new:
        session[auth.SESSION_KEY] = user._meta.pk.value_to_string(user)
        session[auth.BACKEND_SESSION_KEY] = backend
        session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash() if hasattr(user, HASH_METHOD) else ""
        _mark(session, session_id, days)
        session.create()
        _save_only_changes(session)
    auth.login(request, user, backend=backend)
    _mark(session, session_id, days)  # `login()` may have emptied the session of somebody else


def _mark(session: Any, session_id: str, days: int | None) -> None:
    session[SESSION_ID] = session_id
    if days:
        session.set_expiry(days * 24 * 3600)


def _save_only_changes(session: Any) -> None:
    """Let the middleware save this session again only if somebody changes it after this."""
    saved, save = dict(session.items()), session.save

    def save_changes(must_create: bool = False) -> None:
        nonlocal saved
        if must_create or dict(session.items()) != saved:
            save(must_create)
            saved = dict(session.items())

    session.save = save_changes


def log_out(request: HttpRequest) -> None:
    """End the session and this browser's open flows. It keeps its cookie."""
    auth.logout(request)
    client = current(request)
    if client.flows:
        lifecycle.end_open_flows(client.digest)
        client.flows = {}


def session_id(request: HttpRequest) -> str:
    """Return what the session is called on the wire: never its key. Empty without one."""
    if not request.user.is_authenticated:
        return ""
    made_by_us: str | None = request.session.get(SESSION_ID)
    other = request.session.get(auth.HASH_SESSION_KEY, "")
    return "sess_" + (made_by_us or keys.digest("session", str(request.user.pk), other))


def require_session(request: HttpRequest, named: str = "") -> None:
    """Raise `SignedOut` unless somebody is signed in, in the session of this name if one is given."""
    own = session_id(request)
    if not own or (named and named != own):
        raise SignedOut


def refuse_session(request: HttpRequest) -> None:
    """Raise `SessionExists` if somebody is signed in, by whatever way."""
    if request.user.is_authenticated:
        raise SessionExists


def _backend_of(user: Any) -> str:
    """Return the first configured authentication backend that knows the user."""
    paths = list(settings.AUTHENTICATION_BACKENDS)
    if len(paths) == 1:
        return paths[0]
    return next(path for path in paths if _knows(auth.load_backend(path), user))


def _knows(backend: Any, user: Any) -> bool:
    """Tell whether the backend has this user. Some only watch others, and know nobody."""
    return hasattr(backend, "get_user") and backend.get_user(user.pk) is not None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@contextmanager
def attempting(request: HttpRequest) -> Iterator[None]:
    """Hand in a code in this block: a wrong one is reported. After a refusal, flows are read again."""
    client = current(request)
    try:
        yield
    except OTPError as error:
        client.reread(moved=error.is_proven)
        if error.compared:
            _report_wrong_code(request, error.compared, client.ip)
        raise


def _report_wrong_code(request: HttpRequest, verification_id: UUID, ip: str) -> None:
    verification = Verification.objects.select_related("flow").filter(pk=verification_id).first()
    if verification is None:
        return
    said = {"credentials": {"username": verification.value}, "request": without_code(request)}
    user_login_failed.send_robust(sender="passwordless_otp", **said)
    events.code_rejected(request, verification, ip)


def without_code(request: HttpRequest) -> HttpRequest:
    """Return a copy for receivers that save what was posted: a code that is wrong here may be right elsewhere.

    What they mark on it, as for a lock-out, does not replace our answer.
    """
    environ = {"CONTENT_LENGTH": "0", "wsgi.input": BytesIO()}
    shown = WSGIRequest({"REQUEST_METHOD": request.method, **environ})
    shown.META, shown.GET = {**request.META, **environ}, request.GET
    for name, value in vars(request).items():
        if name == "_messages" or (not name.startswith("_") and name not in {"META", "environ"}):
            setattr(shown, name, value)
    posted = request.POST.copy()
    posted.pop("code", None)
    shown.POST = posted  # type: ignore[assignment]
    return shown
