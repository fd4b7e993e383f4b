"""The pages of the demo: who is signed in, the inbox, and the two JavaScript front ends."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from example_project.inbox import inbox

LOOPBACK = {"127.0.0.1", "::1"}
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"


@never_cache
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show whether somebody is signed in, and as whom."""
    return _page(request, "home.html", {"inbox_open": _may_read(request)})


@never_cache
@require_safe
def show_inbox(request: HttpRequest) -> HttpResponse:
    """Show the messages, to this machine only and while the demo command runs. Else 404."""
    if not _may_read(request):
        raise Http404
    return _page(request, "inbox.html", {"received": list(inbox.received)})


@never_cache
@require_safe
def show_js(request: HttpRequest) -> HttpResponse:
    """Show the page that signs up and in by `client.js`."""
    return _page(request, "js.html", {})


@never_cache
@require_safe
def show_react(request: HttpRequest) -> HttpResponse:
    """Show the page that signs up and in by the hooks for React."""
    return _page(request, "react.html", {})


def _may_read(request: HttpRequest) -> bool:
    return inbox.open and request.META.get("REMOTE_ADDR") in LOOPBACK


def _page(request: HttpRequest, name: str, context: dict[str, object]) -> HttpResponse:
    response = render(request, f"example_project/{name}", context)
    response["Content-Security-Policy"] = POLICY
    return response
