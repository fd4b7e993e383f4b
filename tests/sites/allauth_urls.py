"""The pages of the tests, and those of django-allauth."""

from django.urls import include, path
from tests.urls import urlpatterns

urlpatterns = [*urlpatterns, path("accounts/", include("allauth.urls"))]
