"""Where a visitor goes next; never to another site."""

from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from passwordless_otp import conf, links


class SeeOther(HttpResponseRedirect):
    """A redirect that is followed with GET after a POST (RFC 9110 §15.4.4)."""

    status_code = 303


def next_path(request: HttpRequest) -> str:
    """Return the place on this site that the visitor was on their way to, or an empty string."""
    typed = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    place = typed.encode("utf-8", "replace").decode()  # halves of surrogate pairs can't be sent
    here = {request.get_host()}
    return place if url_has_allowed_host_and_scheme(place, here, require_https=request.is_secure()) else ""


def after_sign_in(request: HttpRequest, otherwise: Any = None) -> str:
    """Return where somebody who is signed in goes on to: `next`, or else a URL or the name of one."""
    return next_path(request) or resolve_url(otherwise or settings.LOGIN_REDIRECT_URL)


def page_path(request: HttpRequest, page: str, **query: str) -> str:
    """Return the path of one of our pages, by name or as a path, with `next` and `query`."""
    path = page if page.startswith("/") else _path_of(request, page)
    place = next_path(request)
    kept = {**query, REDIRECT_FIELD_NAME: place} if place else query
    return f"{path}?{urlencode(kept)}" if kept else path


def _path_of(request: HttpRequest, page: str) -> str:
    """Return the path of the page with this name beside the requested one, else of the app's own page."""
    match = request.resolver_match
    if match is None:
        return links.path(page)
    if match.app_names and match.app_names[-1] == links.NAMESPACE:
        return reverse(f"{match.namespace}:{page}")
    try:  # a view that the site has put among its own URLs
        path = reverse(f"{match.namespace}:{page}" if match.namespace else page)
        view = resolve("/" + path.removeprefix(get_script_prefix())).func
    except (NoReverseMatch, Resolver404):
        view = None
    return path if getattr(view, "is_otp_page", False) else links.path(page, current_app=match.namespace)


def other_login(request: HttpRequest) -> str:
    """Return where people go who can't sign in by code, with `next`; empty where the site has no such place."""
    if not (given := conf.get("OTHER_LOGIN_URL")):
        return ""
    url, place = resolve_url(given), next_path(request)
    joint = "&" if "?" in url else "?"
    return f"{url}{joint}{urlencode({REDIRECT_FIELD_NAME: place})}" if place and url.startswith("/") else url


def urls(request: HttpRequest) -> dict[str, str]:
    """Return what every template links to."""
    pages = {f"{name}_url": page_path(request, name) for name in ["sign_in", "sign_up", "sign_out"]}
    return {"next": next_path(request), "other_login_url": other_login(request), **pages}
