"""What every page says to browsers and caches."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.cache import patch_vary_headers

from passwordless_otp import clients, conf

SELF = "default-src 'self'"


def seal(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Let nobody keep or frame the page, or run a script in it; set the client's cookie."""
    clients.remember(request, response)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Frame-Options"] = "DENY"
    response["Content-Security-Policy"] = _policy()
    patch_vary_headers(response, ["Cookie"])
    return response


def _policy() -> str:
    """Return the site's policy, which also has to let our stylesheet in from where the static files are."""
    policy: str = conf.get("CONTENT_SECURITY_POLICY")
    static = urlsplit(settings.STATIC_URL or "")
    if not static.netloc:
        return policy
    origin = f"{static.scheme}://{static.netloc}" if static.scheme else static.netloc
    return policy.replace(SELF, f"{SELF} {origin}", 1)
