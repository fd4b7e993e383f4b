"""Does what visitors send come to us safely, and from where we think?"""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage

from passwordless_otp import conf
from passwordless_otp.checks.findings import error, warning
from passwordless_otp.checks.settings import check_settings

SIGNED_COOKIES = "django.contrib.sessions.backends.signed_cookies"
BY_PROXIES = ["SECURE_PROXY_SSL_HEADER", "USE_X_FORWARDED_HOST", "USE_X_FORWARDED_PORT"]


def check_transport(**_: Any) -> list[CheckMessage]:
    """Look at proxies, cookies and HTTPS."""
    if check_settings():
        return []  # those come first
    return [*_proxies(), *_cookies(), *_https()]


def _proxies() -> Iterator[CheckMessage]:
    telling = [name for name in BY_PROXIES if getattr(settings, name)]
    if telling and not conf.get("TRUSTED_PROXIES"):
        hint = "Set it to the number of your proxies, or all visitors share the limits of the last one."
        text = f"{telling[0]} says that there is a proxy; TRUSTED_PROXIES says that there is none."
        yield warning("W010", text, hint)


def _cookies() -> Iterator[CheckMessage]:
    if not settings.SESSION_COOKIE_SECURE and settings.SESSION_ENGINE == SIGNED_COOKIES:
        hint = "Set it to True: whoever reads that cookie on its way has the session, and no sign-out ends it."
        yield error("E010", "Sessions are kept in cookies, and SESSION_COOKIE_SECURE is off.", hint)
    names = {"SESSION_COOKIE_SECURE": True, "CSRF_COOKIE_SECURE": not settings.CSRF_USE_SESSIONS}
    insecure = [name for name, used in names.items() if used and not getattr(settings, name)]
    if insecure:
        hint = "Set it to True. The cookie that names a browser's sign-ins is as secure as that of the session."
        yield warning("W011", f"Cookies also travel without HTTPS: {' and '.join(insecure)} is off.", hint)


def _https() -> Iterator[CheckMessage]:
    if conf.public_origin().startswith("http:"):
        hint = "Serve the site by HTTPS and write 'https://…': phones fill in a code from an SMS nowhere else."
        yield warning("W012", "PUBLIC_URL is without HTTPS.", hint)
