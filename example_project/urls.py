"""The URLs of the demo: its own pages, the app and the admin."""

from django.contrib import admin
from django.templatetags.static import static
from django.urls import include, path
from django.views.generic import RedirectView

from example_project import views

urlpatterns = [
    path("", views.home, name="home"),
    path("favicon.ico", RedirectView.as_view(url=static("example_project/icon.svg"))),
    path("inbox/", views.show_inbox, name="inbox"),
    path("js/", views.show_js, name="js"),
    path("react/", views.show_react, name="react"),
    path("auth/", include("passwordless_otp.urls")),
    path("admin/", admin.site.urls),
]
