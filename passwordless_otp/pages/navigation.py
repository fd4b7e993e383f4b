"""Where a visitor goes next; never to another site."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme


class SeeOther(HttpResponseRedirect):
    """A redirect that is followed with GET after a POST (RFC 9110 §15.4.4)."""

    status_code = 303


def next_path(request: HttpRequest) -> str:
    """Return the place on this site that the visitor was on their way to, or an empty string."""
    typed = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    place = typed.encode("utf-8", "replace").decode()  # halves of surrogate pairs can't be sent
    here = {request.get_host()}
    return place if url_has_allowed_host_and_scheme(place, here, require_https=request.is_secure()) else ""


def after_sign_in(request: HttpRequest) -> str:
    """Return where somebody who is signed in goes on to."""
    return next_path(request) or resolve_url(settings.LOGIN_REDIRECT_URL)


def page_path(request: HttpRequest, page: str, **query: str) -> str:
    """Return the path of one of our pages, by name or as a path, with `next` and `query`."""
    namespace = request.resolver_match.namespace if request.resolver_match else "passwordless_otp"
    path = page if page.startswith("/") else reverse(f"{namespace}:{page}")
    place = next_path(request)
    kept = {**query, REDIRECT_FIELD_NAME: place} if place else query
    return f"{path}?{urlencode(kept)}" if kept else path


def urls(request: HttpRequest) -> dict[str, str]:
    """Return what every template links to."""
    pages = {f"{name}_url": page_path(request, name) for name in ["sign_in", "sign_up", "sign_out"]}
    return {"next": next_path(request), **pages}
