"""What is said where Django's check of a form's origin, referer and token fails: see `PageView.as_view`."""

import logging
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.middleware.csrf import REASON_NO_CSRF_COOKIE
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from passwordless_otp.errors import OriginRefused

logger = logging.getLogger("passwordless_otp.pages")

OF_PAGE = ("Origin ", "Referer ")  # how Django's reasons begin that are not about the token
ELSEWHERE = _(
    "This site could not make sure that the form came from its own page. Open the page again and try once more. "
    "If that does not help, tell the people who run this site."
)


class FormOutdated(OriginRefused):
    """Raised for a token that is not the browser's any more: a login in another tab has replaced it."""

    long_message = _("This page was out of date. Please do that again.")


class NoCookies(OriginRefused):
    """Raised for a form that comes without the cookie that was set with it."""

    long_message = _("This browser keeps no cookies from this site. Allow them, and try again.")


def refusal(request: HttpRequest, reason: str) -> OriginRefused:
    """Return the error for this reason of Django's. What to set is logged, and with DEBUG told on the page."""
    told, advice = _explain(request, reason)
    logger.warning("%s: %s", told.code, f"{reason} {advice}".strip())
    if advice and settings.DEBUG:
        told.long_message = format_lazy("{} {}", told.long_message, advice)
    return told


def _explain(request: HttpRequest, reason: str) -> tuple[OriginRefused, str]:
    """Return the error, and what the people who run the site may have to set."""
    if reason.startswith(OF_PAGE):
        return OriginRefused(long_message=ELSEWHERE), _advice(request)
    if reason != REASON_NO_CSRF_COOKIE or (settings.CSRF_USE_SESSIONS and request.COOKIES):
        return FormOutdated(), ""
    in_session, by_https = settings.CSRF_USE_SESSIONS, request.is_secure()
    name = "SESSION_COOKIE_SECURE" if in_session else "CSRF_COOKIE_SECURE"
    if not getattr(settings, name) or by_https:
        return NoCookies(), ""
    return NoCookies(), (
        f"{name} is on, and this request did not come by HTTPS. If a proxy ends TLS, set SECURE_PROXY_SSL_HEADER."
    )


def _advice(request: HttpRequest) -> str:
    """Return what lets Django accept pages from where this form came, as far as that is the site's own page."""
    given = (request.headers.get("Origin") or request.headers.get("Referer", ""))[:200]
    if given in {"", "null"}:
        return (
            "The browser did not say which page the form came from. Send pages with our forms with "
            "'Referrer-Policy: same-origin', and show them in no sandboxed frame."
        )
    host, scheme = request.get_host(), request.scheme
    try:
        page = urlsplit(given)
    except ValueError:
        return ""
    came = f"The form came from {given!r}, and this request to '{scheme}://{host}'."
    if page.netloc == host and page.scheme == "https" and not request.is_secure():
        return f"{came} If a proxy ends TLS, set SECURE_PROXY_SSL_HEADER."
    return (
        f"{came} If a proxy changes the host, let it pass on the Host header, or set USE_X_FORWARDED_HOST. "
        "If the form stands on another host of yours, add its origin to CSRF_TRUSTED_ORIGINS."
    )
