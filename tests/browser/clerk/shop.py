"""The URLs of a site with front ends made for Clerk."""

import base64

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import include, path
from django.views.static import serve

from tests.browser.clerk import scripts

KEY = "pk_live_" + base64.b64encode(b"auth.example.com$").decode()  # any host with a dot
PAGE = """<!doctype html><title>Shop</title><div id="app"></div>{components}
<script src="/clerk-js/{version}/clerk.browser.js" data-clerk-publishable-key="{key}"
  data-clerk-proxy-url="{proxy}"></script>"""
COMPONENTS = '<script src="/clerk-js/ui/ui.browser.js"></script>'


def show(request, version):
    """A page with nothing but clerk-js, and its components where they are a file of their own."""
    proxy = request.build_absolute_uri("/auth")
    components = COMPONENTS if version == "v6" else ""
    return HttpResponse(PAGE.format(version=version, key=KEY, proxy=proxy, components=components))


def script(request, version, name):
    """A file of the package."""
    folder = scripts.components() if version == "ui" else scripts.scripts(version)
    return serve(request, name, document_root=folder)


@login_required
def account(request):
    """An ordinary page for members."""
    addresses = " ".join(identifier.value for identifier in request.user.otp_identifiers.all())
    return HttpResponse(f"Hello, {addresses}.")


urlpatterns = [
    path("auth/", include("passwordless_otp.urls")),
    path("page/<version>/", show),
    path("clerk-js/<version>/<name>", script),
    path("account/", account),
    path("", lambda request: HttpResponse("home")),
]
