"""Which browser holds which flow, and logging a user in. Only this module and the interfaces see a request."""

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
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from passwordless_otp import bot_check, conf, events, keys, users
from passwordless_otp.errors import (
    IdentificationClaimed,
    OTPError,
    ResourceNotFound,
    SecondFactorRequired,
    ServiceUnavailable,
    SessionExists,
    SignedOut,
)
from passwordless_otp.flows import lifecycle
from passwordless_otp.ip_addresses import client_ip
from passwordless_otp.models import Flow, InstanceSettings, UnlockGrant, Verification
from passwordless_otp.models.flows import Status, flows_of
from passwordless_otp.visitor import Visitor

logger = logging.getLogger("passwordless_otp.clients")

COOKIE_AGE = 180 * 24 * 3600  # seconds
SESSION_ID = "_passwordless_otp_session"
NO_KEY = "passwordlessotp"  # of no session: Django's keys are longer
WAITING = "_passwordless_otp_waiting"  # in a session: the id of the flow whose proof waits for BEFORE_LOGIN
HASH_METHOD = "get_session_auth_hash"  # of most user models


class Client:
    """The browser that a request comes from, by the secret in its cookie. The database has only its digest."""

    def __init__(self, secret: str, ip: str = "", is_human: Callable[[], bool] | None = None) -> None:
        self.secret, self.ip, self.is_human = secret, ip, is_human
        # Flows are stored under this.
        self.digest = hashlib.sha256(secret.encode()).hexdigest() if secret else ""
        self.changed = False  # whether the browser has yet to be given this secret
        self._next_secret = ""

    @cached_property
    def settings(self) -> InstanceSettings:
        """The instance settings, read once for this request."""
        return InstanceSettings.current()

    @cached_property
    def own(self) -> list[Flow]:
        """Its flows that are open or complete, as the database had them."""
        return flows_of(self.digest) if self.secret else []

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """Its open flows, by purpose."""
        return {flow.purpose: flow for flow in self.own if flow.status == Status.OPEN}

    @cached_property
    def visitor(self) -> Visitor:
        """What a flow needs to know of it. A cookie that the database does not know is replaced by a new one."""
        since = timezone.now() - timedelta(seconds=COOKIE_AGE)
        completed = [flow for flow in self.own if flow.completed_at and flow.completed_at > since]
        people = frozenset([flow.user_id for flow in completed])
        recognised = frozenset([digest for flow in completed for digest in flow.recognised_for])
        open_flows = frozenset(flow.pk for flow in self.flows.values())
        known = self.own or open_flows or (self.secret and self._is_known())
        self._next_secret = secrets.token_urlsafe(32)
        next_client = hashlib.sha256(self._next_secret.encode()).hexdigest()
        client = self.digest if known else next_client
        return Visitor(client, next_client, self.ip, people, open_flows, self.is_human, recognised)

    def _is_known(self) -> bool:
        """Return whether the server has made its cookie: for a flow, or for an unlock link."""
        return Flow.objects.filter(client=self.digest).exists() or UnlockGrant.objects.knows(self.digest)

    def keep_grant(self) -> None:
        """Give the browser a cookie for the grant that it was just given, if the server knows none of its own."""
        if self.visitor.client != self.digest:
            self.reread(moved=True)

    def keep(self, flow: Flow) -> None:
        """Take over what a step has returned. If something was proven in it, the browser gets a new cookie."""
        if flow.client == self.visitor.next_client:
            self.digest, self.secret, self.changed = flow.client, self._next_secret, True
            self.own, self.flows = [flow], {}
        if flow.status == Status.OPEN:
            self.flows[flow.purpose] = flow
        del self.visitor

    def reread(self, *, moved: bool = False) -> None:
        """Read its flows again when they are asked for: under the new cookie if something was proven."""
        if moved:
            self.digest, self.secret, self.changed = self.visitor.next_client, self._next_secret, True
        for name in ["own", "flows", "visitor"]:
            vars(self).pop(name, None)


def current(request: HttpRequest, secret: str | None = None) -> Client:
    """Return the client of this request, the same one each time.

    The first caller may name its secret, for a request that does not have it in a cookie.
    """
    client: Client | None = getattr(request, "_passwordless_otp_client", None)
    if client is None:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        ip = client_ip(request.META.get("REMOTE_ADDR", ""), forwarded, conf.get("TRUSTED_PROXIES"))
        # Asked once a request: the token that a visitor brings can often be used only once.
        is_human = cache(partial(bot_check.passes, request, ip)) if conf.get("BOT_CHECK") else None
        # `conf.has_many_origins`, in line: every request comes this way.
        if "//" not in (public_url := conf.get("PUBLIC_URL")) and public_url:
            follow_host(request)
        given = request.COOKIES.get(cookie_name(), "") if secret is None else secret
        client = Client(given, ip, is_human)
        request._passwordless_otp_client = client  # type: ignore[attr-defined]
    return client


def follow_host(request: HttpRequest) -> None:
    """Let links begin with what the function in PUBLIC_URL gives for the host of this request, until its end."""
    try:
        conf.asked_from.set(conf.origin_for(request.get_host()))
    except DisallowedHost:
        conf.asked_from.set("")
    request_finished.connect(_forget_host, dispatch_uid="passwordless_otp.follow_host")


def _forget_host(**_: Any) -> None:
    conf.asked_from.set("")


def remember(request: HttpRequest, response: HttpResponseBase) -> None:
    """Set the cookie, if this request gave the client a new one.

    It goes where the session's goes. `Strict` becomes `Lax`: whoever comes back to the site by a link must find
    their flow. `None` without `Secure`, which browsers refuse, becomes `Lax` as well.
    """
    client = current(request)
    if client.changed:
        same_site = settings.SESSION_COOKIE_SAMESITE
        if same_site and (same_site.lower() == "strict" or not settings.SESSION_COOKIE_SECURE):
            same_site = "Lax"
        response.set_cookie(
            cookie_name(),
            client.secret,
            max_age=COOKIE_AGE,
            path=settings.SESSION_COOKIE_PATH,
            domain=settings.SESSION_COOKIE_DOMAIN,
            secure=settings.SESSION_COOKIE_SECURE,
            httponly=True,
            samesite=same_site,
        )


def cookie_name() -> str:
    """Return the cookie's name, prefixed where no other domain can set it (RFC 6265bis §4.1.3)."""
    bare = settings.SESSION_COOKIE_PATH == "/" and not settings.SESSION_COOKIE_DOMAIN
    return "__Host-otp_client" if settings.SESSION_COOKIE_SECURE and bare else "otp_client"


def log_in_if_complete(request: HttpRequest, flow: Flow) -> bool:
    """Keep what a step has returned; log in the user of a completed flow. Return whether it is complete.

    Raises `SecondFactorRequired` where BEFORE_LOGIN names a step: the proof waits. Raises `IdentificationClaimed`
    if no authentication backend would know the user at the next request, and `ServiceUnavailable` if the login
    fails: the code is spent.
    """
    client, user = current(request), flow.user
    client.keep(flow)
    if user is None:
        return False
    backend = users.backend_for(user)
    if not backend or (flow.made_user and not users.may_sign_in(user, client.settings)):
        hint = "AUTHENTICATION_BACKENDS (get_user, user_can_authenticate) or MAY_SIGN_IN refuses them"
        logger.error("no session after flow %s: user %s may not sign in. %s", flow.pk, user.pk, hint)
        raise IdentificationClaimed
    if flow.status == Status.PROVEN:
        _ask_site(request, flow)
    setattr(request, users.CONSUMED, flow.pk)
    try:
        _begin_session(request, user, backend, client.settings.session_lifetime_days)
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
    return True


def _ask_site(request: HttpRequest, flow: Flow) -> None:
    """Ask BEFORE_LOGIN about the user of a flow that is proven. Return if they are to be logged in at once.

    Else the proof waits in the session, under a new key: whoever has planted the old one has no part in it.
    Raises `SecondFactorRequired`; `ServiceUnavailable` if the function fails, or returns no path of this site.
    """
    try:
        path = conf.function("BEFORE_LOGIN")(request, flow.user, flow)
        if path is not None and not _is_local(str(path)):
            raise ValueError("BEFORE_LOGIN must return None or a path of this site, which begins with a slash")
    except Exception as error:
        logger.exception("BEFORE_LOGIN failed after flow %s: nobody was signed in", flow.pk)
        lifecycle.drop_proof(flow.pk)
        raise ServiceUnavailable from error
    if path is None:
        lifecycle.take_proof(flow)
        return
    if request.user.is_authenticated:
        auth.logout(request)  # the login would have ended this session, too
    if request.session.session_key:
        request.session.cycle_key()
    if not flow.keep_proof(made_user=flow.made_user):
        raise ResourceNotFound
    request.session[WAITING] = flow.pk.hex
    raise SecondFactorRequired(str(path))


def keep_next(request: HttpRequest, url: str) -> None:
    """Keep where the visitor goes once the proof that waits in this session is complete."""
    flow = lifecycle.waiting_proof(request.session[WAITING], current(request).digest)
    if flow is not None:
        flow.keep_proof(next=url)


def _is_local(path: str) -> bool:
    return path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)


def drop_proof(request: HttpRequest | None = None, **_: Any) -> None:
    """Drop the proof that waits in this session, if one does. Called at any login, any logout and any new flow.

    Its row ends as well: a copy of the session, as of a signed cookie, is then worth nothing.
    """
    session = getattr(request, "session", None)
    waiting = session.pop(WAITING, None) if session is not None else None
    if waiting:
        lifecycle.drop_proof(waiting)


def _begin_session(request: HttpRequest, user: Any, backend: str, days: int | None) -> None:
    """Log in. A new session is saved once, with its content: receivers see its key, as after `login()`.

    `login()` alone saves an empty session for the key, and Django's middleware saves it again at the end. A
    session that exists already is left to `login()`, which gives it a new key.
    """
    session = request.session
    session_id = secrets.token_hex(16)
    lifetime = days * 24 * 3600 if days else None  # seconds
    if session.is_empty() and session.session_key is None and isinstance(session, DatabaseSession):
        session[auth.SESSION_KEY] = user._meta.pk.value_to_string(user)
        session[auth.BACKEND_SESSION_KEY] = backend
        session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash() if hasattr(user, HASH_METHOD) else ""
        session[SESSION_ID] = session_id
        session.set_expiry(lifetime)
        session.create()
        session.save = partial(_save_changes, session, session.save, dict(session.items()))  # type: ignore[method-assign]
    auth.login(request, user, backend=backend)
    session[SESSION_ID] = session_id  # `login()` may have emptied the session of somebody else
    if lifetime:
        session.set_expiry(lifetime)


def _save_changes(
    session: Any, save: Callable[[bool], None], saved: dict[str, Any], must_create: bool = False
) -> None:
    """Save this session only if somebody has changed it since it was saved: the middleware always asks for it."""
    if must_create or dict(session.items()) != saved:
        save(must_create)
        saved.clear()
        saved.update(session.items())


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


def require_store(request: HttpRequest) -> None:
    """Raise `ServiceUnavailable` if the store of the sessions fails, before a step spends what it can't use.

    For stores other than Django's `db`, whose own errors say so. Sessions in a cache are empty while the cache
    fails: that would look like a sign-out and become one, since the middleware deletes the cookie of an empty
    session. So the request then gets a session that was not read.
    """
    session, name = request.session, settings.SESSION_COOKIE_NAME
    key = session.session_key or request.COOKIES.get(name)
    try:
        read_store(session, key, writes=request.method not in {"GET", "HEAD", "OPTIONS"})
    except ServiceUnavailable:
        request.session, request.user = type(session)(key), AnonymousUser()
        raise


def read_store(session: Any, key: str | None, *, writes: bool = False) -> None:
    """Read this session, whose key was `key`. Raises `ServiceUnavailable` if a fault may have emptied it."""
    try:
        empty = auth.SESSION_KEY not in session
        if writes or (key and empty):
            session.exists(NO_KEY)
        if key and empty and auth.SESSION_KEY in type(session)(key):
            raise ConnectionError  # the store failed for a moment only
    except Exception as error:
        raise ServiceUnavailable from error


def require_session(request: HttpRequest, named: str = "") -> None:
    """Raise `SignedOut` unless somebody is signed in, in the session of this name if one is given."""
    own = session_id(request)
    if not own or (named and named != own):
        raise SignedOut


def refuse_session(request: HttpRequest) -> None:
    """Before a new flow: raise `SessionExists` if somebody is signed in; else drop a proof that waits."""
    if request.user.is_authenticated:
        raise SessionExists
    if WAITING in request.session:
        drop_proof(request)


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
