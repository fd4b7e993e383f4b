"""The URLs of a site that uses the app."""

from django.contrib import admin
from django.http import HttpResponse
from django.urls import include, path

urlpatterns = [
    path("auth/", include("passwordless_otp.urls")),
    path("admin/", admin.site.urls),
    path("", lambda request: HttpResponse("home"), name="home"),
]
