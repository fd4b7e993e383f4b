"""The URLs of a site that takes its email provider's reports."""

from django.urls import include, path

from tests import urls

urlpatterns = [*urls.urlpatterns, path("anymail/", include("anymail.urls"))]
