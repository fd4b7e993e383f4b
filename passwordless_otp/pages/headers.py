"""What every page says to browsers and caches."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.templatetags.static import static
from django.utils.cache import patch_vary_headers

from passwordless_otp import clients, conf

SELF = "default-src 'self'"
STYLESHEET = "passwordless_otp/passwordless_otp.css"


def seal(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Let nobody keep or frame the page, or run a script in it; set the client's cookie."""
    clients.remember(request, response)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Frame-Options"] = "DENY"
    response["Content-Security-Policy"] = _policy()
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def _policy() -> str:
    """Return the site's policy, which also has to let our stylesheet in from where the static files are."""
    policy: str = conf.get("CONTENT_SECURITY_POLICY")
    parts = urlsplit(_stylesheet())
    if not parts.netloc:
        return policy
    origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme else parts.netloc
    return policy.replace(SELF, f"{SELF} {origin}", 1)


def _stylesheet() -> str:
    """Return where the stylesheet is: the storage of the static files knows, and may not have it yet."""
    try:
        return static(STYLESHEET)
    except Exception:
        return str(settings.STATIC_URL or "")
