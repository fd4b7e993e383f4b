"""The URLs of the example site."""

from django.contrib import admin
from django.urls import include, path

from example_project import views

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.show_inbox, name="inbox"),
    path("auth/", include("passwordless_otp.urls")),
    path("admin/", admin.site.urls),
]
