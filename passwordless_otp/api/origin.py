"""Protection against cross-site request forgery, also for visitors: no other site may sign them in."""

from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.utils.http import is_same_domain
from rest_framework.authentication import CSRFCheck

from passwordless_otp import conf
from passwordless_otp.errors import OriginRefused

SAFE = {"GET", "HEAD", "OPTIONS"}


def check(request: HttpRequest) -> None:
    """Raise `OriginRefused` unless this was sent by a page of the site, or by no browser."""
    if request.method in SAFE:
        return
    if "Origin" in request.headers:
        allowed = _is_ours(request, request.headers["Origin"])
    else:
        csrf = CSRFCheck(HttpResponse)  # looks for the token of the CSRF cookie; no view is behind it
        csrf.process_request(request)
        allowed = csrf.process_view(request, HttpResponse, (), {}) is None or _no_browser(request)
    if not allowed:
        raise OriginRefused


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


def _no_browser(request: HttpRequest) -> bool:
    """Return whether no browser can have sent this: it names no page, and is no form but JSON."""
    named = "Referer" in request.headers or "Sec-Fetch-Site" in request.headers
    return not named and request.content_type == "application/json"
