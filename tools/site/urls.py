"""URLs of the site that is measured."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path


def home(request: HttpRequest) -> HttpResponse:
    """Answer what a visitor gets after signing in."""
    return HttpResponse("home")


urlpatterns = [path("auth/", include("passwordless_otp.urls")), path("", home, name="home")]
