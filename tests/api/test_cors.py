"""A front end on a sibling subdomain, with django-cors-headers and CSRF_TRUSTED_ORIGINS."""

import json

import pytest
from django.test import Client

from tests import needs
from tests.visitor import EMAIL

pytestmark = pytest.mark.django_db
APP = "https://app.example.com"


@pytest.fixture(autouse=True)
def site(settings):
    needs.installed("corsheaders")
    settings.MIDDLEWARE = ["corsheaders.middleware.CorsMiddleware", *settings.MIDDLEWARE]
    settings.CORS_ALLOWED_ORIGINS = settings.CSRF_TRUSTED_ORIGINS = [APP]
    settings.CORS_ALLOW_CREDENTIALS = True


def test_its_browser_asks_first_and_may_then_read_and_write():
    client = Client(enforce_csrf_checks=True, headers={"Origin": APP})
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}
    answer = client.options("/auth/v1/client/sign_ins", headers=asked)
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    body = json.dumps({"identifier": EMAIL})
    answer = client.post("/auth/v1/client/sign_ins", body, content_type="application/json")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert "origin" in answer.headers["Vary"].lower()


def test_another_origin_may_neither():
    client = Client(enforce_csrf_checks=True, headers={"Origin": "https://evil.example"})
    answer = client.post("/auth/v1/client/sign_ins", "{}", content_type="application/json")
    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
