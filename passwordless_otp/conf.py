"""The site's `settings.PASSWORDLESS_OTP`, read on each access."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

BACKENDS = "passwordless_otp.messaging.backends"

DEFAULTS: dict[str, Any] = {
    # Channel → its providers, the first one first: {"BACKEND": dotted path, "OPTIONS": its keyword arguments}.
    "DELIVERY": {
        "email": [{"BACKEND": f"{BACKENDS}.email.EmailBackend"}],
        "sms": [{"BACKEND": f"{BACKENDS}.console.ConsoleBackend"}],
    },
    # "thread", "tasks", "blocking", or the dotted path of f(job: str), see docs/queues.md.
    "DISPATCH": "thread",
    # Scheme and host that people see, for links and for the domain in messages: never taken from a request.
    "PUBLIC_URL": "",
    # The dotted path of a function that makes the site's user: see `passwordless_otp.users.create_user`.
    "CREATE_USER": "passwordless_otp.users.create_user",
    # Sent with our pages. A site whose own base template needs more says so here.
    "CONTENT_SECURITY_POLICY": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    # The dotted path of f(request, given, ip) -> bool: see docs/bot-check.md. Empty: nobody is asked.
    "BOT_CHECK": "",
    # How many proxies stand before the site, each of which adds its peer to X-Forwarded-For.
    "TRUSTED_PROXIES": 0,
}


def given() -> Mapping[str, Any]:
    """Return what the site has set, without the defaults."""
    return getattr(settings, "PASSWORDLESS_OTP", {})


def get(name: str) -> Any:
    """Return one setting. Raises `KeyError` for a name that is none."""
    default = DEFAULTS[name]
    return getattr(settings, "PASSWORDLESS_OTP", {}).get(name, default)


def function(name: str) -> Any:
    """Import what the dotted path in this setting names."""
    return import_string(get(name))


def chain(channel: str) -> list[Mapping[str, Any]]:
    """Return the providers of this channel, in the order in which they are tried."""
    chains = {**DEFAULTS["DELIVERY"], **get("DELIVERY")}
    return list(chains[channel])


def public_origin() -> str:
    """Return `https://example.com` of PUBLIC_URL, or an empty string."""
    parts = urlsplit(get("PUBLIC_URL"))
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def public_domain() -> str:
    """Return the bare host of PUBLIC_URL, or an empty string."""
    return urlsplit(get("PUBLIC_URL")).hostname or ""


def site_name() -> str:
    """Return what the site is called unless its operator gives it a name, in the active language."""
    return public_domain() or _("this site")


def default_region() -> str | None:
    """Return the country (ISO 3166-1) of numbers typed without one."""
    region: str | None = getattr(settings, "PHONENUMBER_DEFAULT_REGION", None)
    return region
