"""The site's `settings.PASSWORDLESS_OTP`, read on each access so that `override_settings` works."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signals import setting_changed
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

logger = logging.getLogger("passwordless_otp.conf")

BACKENDS = "passwordless_otp.messaging.backends"

# What the API and the pages take, whatever the site's settings are.
MAX_BODY = 64 * 1024  # bytes
MAX_TEXT = 320  # characters of an identifier, as it was typed
MAX_NAME = 150
MAX_EXTRA = 8192  # characters of JSON that a site's own form on the sign-up page may give
MAX_ORIGIN = 300
BOM, REPLACED = "\ufeff", "\ufffd"  # a byte order mark, and what Django puts in place of bytes that are not UTF-8
CONTROL = {"Cc", "Cs"}  # Unicode categories: control characters, halves of surrogate pairs

DEFAULTS: dict[str, Any] = {
    # Channel → its providers, the first choice first: {"BACKEND": dotted path, "OPTIONS": its keyword arguments}.
    "DELIVERY": {
        "email": [{"BACKEND": f"{BACKENDS}.email.EmailBackend"}],
        "sms": [{"BACKEND": f"{BACKENDS}.console.ConsoleBackend"}],
    },
    # "thread", "tasks", "blocking", or the dotted path of f(job: str), see docs/queues.md.
    "DISPATCH": "thread",
    # Scheme and host that visitors see, for links and for the domain in messages. Never read from a request. Or
    # the dotted path of f(host) -> str for a site with several hosts: empty for a host that is none of them.
    "PUBLIC_URL": "",
    # The dotted path of a function that creates a user: see `passwordless_otp.users.create_user`.
    "CREATE_USER": "passwordless_otp.users.create_user",
    # "link", "trust" or "refuse": what happens if a proven email address stands in a user's email field.
    "EXISTING_USERS": "link",
    # Whether a user's email field, and allauth's addresses, follow their primary email identifier.
    "SYNC_EMAIL_FIELD": True,
    # The dotted path of f(user) -> bool. Empty: Django's flags and backends alone say who may sign in.
    "MAY_SIGN_IN": "",
    # The dotted path of f(request, user, flow) -> str | None, called between proof and login.
    "BEFORE_LOGIN": "",
    # Where people go who can't sign in by code: a URL or the name of one.
    "OTHER_LOGIN_URL": "",
    # The dotted path of a form whose fields stand on the sign-up page besides the app's own.
    "SIGN_UP_FORM": "",
    # PEM of the key that signs session tokens (RSA or Ed25519). Empty: there are none that anybody accepts.
    "JWT_PRIVATE_KEY": "",
    # Sent with the app's pages. A site changes it if its base template loads anything from other hosts.
    "CONTENT_SECURITY_POLICY": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    # The dotted path of f(request, given, ip) -> bool: see docs/bot-check.md. Empty: no bot check.
    "BOT_CHECK": "",
    # The number of proxies that every request passes; each adds an address to X-Forwarded-For.
    "TRUSTED_PROXIES": 0,
}


def given() -> Mapping[str, Any]:
    """Return the settings of the site without the defaults."""
    return getattr(settings, "PASSWORDLESS_OTP", {})


def get(name: str) -> Any:
    """Return one setting or its default. Raises `KeyError` if there is no such setting."""
    return getattr(settings, "PASSWORDLESS_OTP", {}).get(name, DEFAULTS[name])


def function(name: str) -> Any:
    """Import and return the function that this setting names."""
    return import_string(get(name))


def chain(channel: str) -> list[Mapping[str, Any]]:
    """Return the `DELIVERY` entries of this channel, in the order in which providers are tried."""
    return list({**DEFAULTS["DELIVERY"], **get("DELIVERY")}[channel])


@lru_cache
def longest_code(channel: str) -> int:
    """Return how many characters of a code some provider of this channel can carry; 0 if there is no bound.

    Whether that provider works just now makes no difference. Computed once for each value of DELIVERY.
    """
    try:
        lengths = [_longest_code_of(entry) for entry in chain(channel)]
    except Exception:  # the setting has the wrong form, or a backend can't be imported: `check` says so
        return 0
    return 0 if 0 in lengths else max(lengths, default=0)


def _longest_code_of(entry: Mapping[str, Any]) -> int:
    """Return `max_code_length` of this entry's backend; 0 if its class has none.

    A backend whose class has one is made, since its OPTIONS may say another.
    """
    backend = import_string(entry["BACKEND"])
    if not getattr(backend, "max_code_length", None):
        return 0
    with suppress(Exception):  # it can't be made of these OPTIONS
        backend = backend(**entry.get("OPTIONS", {}))
    return max(0, int(backend.max_code_length or 0))


def _forget_longest_code(*, setting: str, **_: Any) -> None:
    """Compute `longest_code` again when a test changes the settings."""
    if setting == "PASSWORDLESS_OTP":
        longest_code.cache_clear()


setting_changed.connect(_forget_longest_code, dispatch_uid="passwordless_otp.longest_code")


# Where PUBLIC_URL names a function: its answer for the host of the running request, or of the one that has asked
# for the message that is being sent. Otherwise empty.
asked_from: ContextVar[str] = ContextVar("passwordless_otp_asked_from", default="")


def public_origin() -> str:
    """Return the scheme and host of PUBLIC_URL, such as `https://example.com`, or an empty string.

    Where it names a function: those of the running request or message.
    """
    parts = urlsplit(asked_from.get() or get("PUBLIC_URL"))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def public_domain() -> str:
    """Return the host of `public_origin` without a port, or an empty string."""
    return urlsplit(asked_from.get() or get("PUBLIC_URL")).hostname or ""


def has_many_origins() -> bool:
    """Return whether PUBLIC_URL names a function."""
    given = get("PUBLIC_URL")
    return isinstance(given, str) and given != "" and "//" not in given


def origin_for(host: str) -> str:
    """Return what the function in PUBLIC_URL gives for this host, or an empty string.

    Empty also where it fails or gives no scheme and host: a message without a link is better than none.
    """
    if not host or not has_many_origins():
        return ""
    try:
        parts = urlsplit(function("PUBLIC_URL")(host) or "")
    except Exception as error:
        logger.error("the function in PUBLIC_URL failed: %s", type(error).__name__)
        return ""
    origin = f"{parts.scheme}://{parts.netloc}"
    is_usable = parts.scheme in {"http", "https"} and parts.netloc and len(origin) <= MAX_ORIGIN
    return origin if is_usable else ""


@contextmanager
def links_from(origin: str) -> Iterator[None]:
    """Let links begin with this origin, unless PUBLIC_URL is one for all."""
    token = asked_from.set(origin if has_many_origins() else "")
    try:
        yield
    finally:
        asked_from.reset(token)


def site_name() -> str:
    """Return the name of the site without an application name: its domain, or a translated “this site”."""
    return public_domain() or _("this site")


def default_region() -> str | None:
    """Return the country (ISO 3166-1) of phone numbers entered without a country code."""
    region: str | None = getattr(settings, "PHONENUMBER_DEFAULT_REGION", None)
    return region
