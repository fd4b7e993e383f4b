"""The URLs of a site with front ends made for Clerk."""

import base64

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.template import engines
from django.urls import include, path

from tests.docs.blocks import ROOT, blocks

KEY = "pk_live_" + base64.b64encode(b"auth.example.com$").decode()  # any host with a dot
PAGE = """<!doctype html><title>Shop</title><div id="app"></div>
<script src="/static/clerk-js/clerk.browser.js" data-clerk-publishable-key="{key}"
  data-clerk-proxy-url="{proxy}"></script>"""
COMPONENTS = '<script src="/static/clerk-ui/ui.browser.js"></script>'  # of v6
REACT = (
    '<!doctype html><title>App</title><div id="app"></div><script type="module" src="/static/app.js"></script>'
)


def show(request, version):
    """A page with nothing but clerk-js."""
    page = PAGE.format(key=KEY, proxy=request.build_absolute_uri("/auth"))
    return HttpResponse((COMPONENTS if version == "v6" else "") + page)


def show_documented(request, version):
    """The page of the documentation."""
    [page] = [block.text for block in blocks(ROOT / "docs/migrating.md", "html")]
    rendered = engines["django"].from_string(page).render({}, request)
    return HttpResponse((COMPONENTS if version == "v6" else "") + rendered)


@login_required
def account(request):
    """An ordinary page for members."""
    addresses = " ".join(identifier.value for identifier in request.user.otp_identifiers.all())
    return HttpResponse(f"Hello, {addresses}.")


urlpatterns = [
    path("auth/", include("passwordless_otp.urls")),
    path("page/<version>/", show),
    path("docs/<version>/", show_documented),
    path("react/", lambda request: HttpResponse(REACT)),
    path("account/", account),
    path("", lambda request: HttpResponse("home")),
]
