"""Where a visitor goes next; never to another site."""

from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from passwordless_otp.pages import inputs


class SeeOther(HttpResponseRedirect):
    """After a POST, get this (RFC 9110 §15.4.4)."""

    status_code = 303


def wanted(request: HttpRequest) -> str:
    """Return the place on this site that the visitor was on her way to, or an empty string."""
    typed = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    place = inputs.encodable(typed)
    here = {request.get_host()}
    return place if url_has_allowed_host_and_scheme(place, here, require_https=request.is_secure()) else ""


def after(request: HttpRequest) -> str:
    """Return where somebody who is signed in goes on to."""
    return wanted(request) or resolve_url(settings.LOGIN_REDIRECT_URL)


def page(request: HttpRequest, name: str, **query: str) -> str:
    """Return the path of one of our pages, which keeps in mind where the visitor was going."""
    namespace = request.resolver_match.namespace if request.resolver_match else "passwordless_otp"
    return keeping(request, reverse(f"{namespace}:{name}"), **query)


def keeping(request: HttpRequest, path: str, **query: str) -> str:
    """Add to a path where the visitor was going."""
    place = wanted(request)
    kept = {**query, REDIRECT_FIELD_NAME: place} if place else query
    return f"{path}?{urlencode(kept)}" if kept else path
