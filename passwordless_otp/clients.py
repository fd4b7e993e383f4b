"""Which browser holds which flow; log a user in. Besides the faces, the only module that sees a request."""

import copy
import hashlib
import logging
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import cached_property, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from passwordless_otp import bot_check, conf, events, keys
from passwordless_otp.errors import OTPError, ResourceNotFound, ServiceUnavailable, SessionExists, SignedOut
from passwordless_otp.flows import lifecycle
from passwordless_otp.ip_addresses import client_ip
from passwordless_otp.models import Flow, InstanceSettings, flows, transactions
from passwordless_otp.models.flows import Purpose, Status
from passwordless_otp.visitor import Visitor, assume_human

logger = logging.getLogger("passwordless_otp.clients")

COOKIE_AGE = 180 * 24 * 3600  # seconds
SESSION_ID = "_passwordless_otp_session"


class Client:
    """The browser that a request comes from, by the secret in its cookie. The database has only its digest."""

    def __init__(self, secret: str, ip: str = "", is_human: Callable[[], bool] = assume_human) -> None:
        self.secret, self.ip, self.is_human = secret, ip, is_human
        self.changed = False
        self._successor = ""

    @property
    def digest(self) -> str:
        """What its flows are filed under; empty where there is no cookie."""
        return _digest(self.secret) if self.secret else ""

    @cached_property
    def flows(self) -> dict[str, Flow]:
        """Its open flows, by purpose."""
        return {flow.purpose: flow for flow in self._own if flow.status == Status.OPEN}

    @cached_property
    def known(self) -> bool:
        """Whether the database knows the cookie. One that somebody else has made up is never adopted."""
        return bool(self._own) or bool(self.secret and Flow.objects.filter(client=self.digest).exists())

    @cached_property
    def settings(self) -> InstanceSettings:
        """The instance settings, read once for this request."""
        return InstanceSettings.current()

    @property
    def visitor(self) -> Visitor:
        """What a flow is told of it."""
        since = timezone.now() - timedelta(seconds=COOKIE_AGE)
        users = {flow.user_id for flow in self._own if flow.completed_at and flow.completed_at > since}
        client, next_client = self.digest if self.known else self.succeed(), self.succeed()
        open_flows = frozenset(flow.pk for flow in self.flows.values())
        return Visitor(client, next_client, self.ip, frozenset(users), open_flows, self.is_human)

    @cached_property
    def _own(self) -> list[Flow]:
        if not self.secret:
            return []
        return flows.with_verifications(
            Flow.objects.filter(client=self.digest, status__in=[Status.OPEN, Status.COMPLETE])
        )

    def find(self, purpose: Purpose, pk: UUID) -> Flow:
        """Return this flow. Raises `ResourceNotFound`, also where it is another client's."""
        for flow in self._own:
            if (flow.pk, flow.purpose) == (pk, purpose):
                return flow
        raise ResourceNotFound

    def keep(self, flow: Flow) -> None:
        """Take over what a step has made of this flow. One in which something was proven brings a new cookie."""
        if flow.client == _digest(self._successor) != self.digest:
            self.secret, self._successor, self.changed = self._successor, "", True
            self.flows, self._own, self.known = {}, [flow], True
        if flow.status == Status.OPEN:
            self.flows[flow.purpose] = flow

    def succeed(self) -> str:
        """Return the digest of the cookie that this request may give the browser."""
        self._successor = self._successor or secrets.token_urlsafe(32)
        return _digest(self._successor)


def current(request: HttpRequest) -> Client:
    """Return the client of this request, the same one each time."""
    client: Client | None = getattr(request, "_passwordless_otp_client", None)
    if client is None:
        forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
        ip = client_ip(request.META.get("REMOTE_ADDR", ""), forwarded, conf.get("TRUSTED_PROXIES"))
        is_human = partial(bot_check.passes, request, ip)
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
        auth.login(request, user, backend=_backend_of(user))
        request.session[SESSION_ID] = secrets.token_hex(16)
        days = InstanceSettings.current().session_lifetime_days
        if days:
            request.session.set_expiry(days * 24 * 3600)
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


def log_out(request: HttpRequest) -> None:
    """End the session and this browser's open flows. It keeps its cookie."""
    auth.logout(request)
    client = current(request)
    if client.flows:
        transactions.run_step(partial(lifecycle.end_open, client.digest, *Purpose))
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
    """Raise `SessionExists` where somebody is signed in, whoever logged her in."""
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
def reporting_failures(request: HttpRequest, flow: Flow) -> Iterator[None]:
    """Keep the flow whatever comes of an attempt: a refusal may follow a proof, and with it a new cookie."""
    client = current(request)
    try:
        yield
    except OTPError as error:
        if error.rejected is not None:
            said = {"credentials": {"username": error.rejected.value}, "request": without_code(request)}
            user_login_failed.send_robust(sender="passwordless_otp", **said)
            events.code_rejected(request, error.rejected, client.ip)
        raise
    finally:
        client.keep(flow)


def without_code(request: HttpRequest) -> HttpRequest:
    """Return a copy for receivers that save what was posted: a code that is wrong here may be right elsewhere.

    And what they mark on it, as for a lock-out, does not replace our answer.
    """
    shown = copy.copy(request)
    posted = request.POST.copy()
    posted.pop("code", None)
    shown.__dict__.update(_post=posted, _body=b"", resolver_match=request.resolver_match)
    return shown
