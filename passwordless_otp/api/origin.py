"""Protection against cross-site request forgery, also for visitors: no other site may sign them in.

A developer whose front end runs elsewhere, or behind a proxy that changes the host, is told what to set: in the
log, and with DEBUG in the answer too.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils.http import is_same_domain
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import CSRFCheck

from passwordless_otp import conf
from passwordless_otp.errors import OriginRefused

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

logger = logging.getLogger("passwordless_otp.api")

SAFE = {"GET", "HEAD", "OPTIONS"}
NO_COOKIE = _("This browser sent no cookie. Allow cookies for this site and start again.")
UNSIGNED = "A page has sent neither an Origin nor a valid CSRF token. Send the CSRF cookie's value in its header."
SEND_JSON = _("Send this request as JSON. A form needs the header Origin or a CSRF token.")


def check(request: HttpRequest) -> None:
    """Raise `OriginRefused` unless this was sent by a page of the site, or by no browser."""
    if request.method in SAFE:
        return
    if "Origin" in request.headers:
        if not _is_ours(request, request.headers["Origin"]):
            raise OriginRefused(long_message=_explain(request))
        return
    csrf = CSRFCheck(HttpResponse)  # looks for the token of the CSRF cookie; no view is behind it
    csrf.process_request(request)
    if csrf.process_view(request, HttpResponse, (), {}) is None:
        return
    if _names_page(request):
        raise OriginRefused(long_message=_tell(UNSIGNED))
    if request.content_type != "application/json":
        raise OriginRefused(long_message=SEND_JSON)


def _is_ours(request: HttpRequest, origin: str) -> bool:
    if origin in {"", "null"}:
        return False
    if origin in {_own(request), conf.public_origin(), *settings.CSRF_TRUSTED_ORIGINS}:
        return True
    try:
        given = urlsplit(origin)
    except ValueError:
        return False
    wildcards = [urlsplit(trusted) for trusted in settings.CSRF_TRUSTED_ORIGINS if "*" in trusted]
    return any(
        given.scheme == wildcard.scheme and is_same_domain(given.netloc, wildcard.netloc.lstrip("*"))
        for wildcard in wildcards
    )


def _own(request: HttpRequest) -> str:
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return ""


def _names_page(request: HttpRequest) -> bool:
    """Return whether the request says that a page has sent it. A browser's form says so, its JSON may not."""
    return "Referer" in request.headers or "Sec-Fetch-Site" in request.headers


def _explain(request: HttpRequest) -> str | None:
    """Log which origin was refused, and what allows it. Return that with DEBUG: visitors can't do it."""
    given = request.headers["Origin"][:200]
    reason = (
        f"The Origin {given!r} is neither {_own(request)!r}, the one of this request, nor PUBLIC_URL's. "
        f"{_remedy(request, given)}"
    )
    return _tell(reason)


def _remedy(request: HttpRequest, given: str) -> str:
    if given in {"", "null"}:
        return "A page in a sandboxed frame or a local file has no origin: serve it from a host."
    if given.partition("://")[::2] == ("https", _own(request).removeprefix("http://")):
        return "If a proxy ends TLS, set SECURE_PROXY_SSL_HEADER."
    return (
        "If a front end of yours is there, add it to CSRF_TRUSTED_ORIGINS. "
        "A proxy that changes the host causes this as well."
    )


def _tell(reason: str) -> str | None:
    logger.warning("%s: %s", OriginRefused.code, reason)
    return reason if settings.DEBUG else None


# Why a browser may have sent no cookie, by its `Sec-Fetch-Site`.
REASONS = {
    "cross-site": (
        "These are two sites, so the browser keeps back cookies with SameSite=Lax. Open both by one host name, "
        "such as localhost, or let the development server pass calls on to Django."
    ),
    "same-site": "Call with credentials: 'include', and set CORS_ALLOW_CREDENTIALS.",
    "same-origin": (
        "The first answer has set the cookie. Look whether the browser has refused it, such as a Secure cookie "
        "without HTTPS."
    ),
}


def without_cookie(request: HttpRequest) -> StrPromise:
    """Return the sentence for a call without a client cookie. With DEBUG, log why there may be none."""
    page = request.headers.get("Origin") or request.headers.get("Referer", "")
    if settings.DEBUG and page:
        reason = REASONS.get(_site_of(request, page), REASONS["cross-site"])
        logger.warning("A call from %r to %r had no client cookie. %s", page[:200], _own(request), reason)
    return NO_COOKIE


def _site_of(request: HttpRequest, page: str) -> str:
    """Return what the browser says of the page, or a guess from the host names for one that says nothing."""
    try:
        same = urlsplit(page).hostname == urlsplit(_own(request)).hostname
    except ValueError:
        same = False
    return request.headers.get("Sec-Fetch-Site") or ("same-site" if same else "cross-site")
