"""Cross-site request forgery: which requests may change something."""

import json

import pytest
from django.test import Client

from tests.visitor import EMAIL, ApiVisitor, errors

pytestmark = pytest.mark.django_db
PATH = "/auth/v1/client/sign_ins"


def status(origin=None, content_type="application/json", secure=False, **headers):
    if origin is not None:
        headers["Origin"] = origin
    body = json.dumps({"identifier": EMAIL}) if "json" in content_type else "identifier=jane%40example.com"
    client = Client(enforce_csrf_checks=True)
    answer = client.generic("POST", PATH, body, content_type, secure=secure, headers=headers)
    assert answer.status_code in {200, 403}
    if answer.status_code == 403:
        assert errors(answer) == ["request_origin_refused"]
    return answer.status_code


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("content_type", ["application/json", FORM])
def test_our_own_pages_may(content_type):
    assert status("http://testserver", content_type) == 200
    assert status("https://testserver", content_type, secure=True) == 200
    assert status("https://example.com", content_type) == 200  # PUBLIC_URL


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "",
        "https://evil.example",
        "https://testserver",
        "http://testserver:81",
        "http://testserver.evil.example",
        "http://eviltestserver",
        "https://example.com.evil.example",
        "https://example.com@evil.example",
        "http://example.com",
        "http://[",
        "HTTPS://EVIL",
    ],
)
def test_other_sites_may_not(origin):
    assert status(origin) == 403


def test_trusted_origins_may_with_wildcards_as_in_django(settings):
    settings.CSRF_TRUSTED_ORIGINS = ["https://app.example.org", "https://*.example.net"]
    assert status("https://app.example.org") == 200
    assert status("https://a.example.net") == 200
    assert status("http://a.example.net") == 403
    assert status("https://example.net.evil") == 403
    assert status("https://aexample.net") == 403


def test_a_host_that_the_site_does_not_have_makes_no_origin(settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Common" not in name and "Locale" not in name]
    assert status("http://evil.example", Host="evil.example") == 403


def test_without_origin_a_browser_needs_the_token():
    assert status(content_type=FORM) == 403
    assert status(Referer="http://testserver/") == 403
    assert status(**{"Sec-Fetch-Site": "same-origin"}) == 403


def test_without_origin_json_from_no_browser_may():
    assert status() == 200


def test_a_valid_token_may_where_no_origin_is_named_and_not_against_a_wrong_one():
    client = Client(enforce_csrf_checks=True)
    client.cookies["csrftoken"] = token = "x" * 32
    body, headers = "identifier=jane%40example.com", {"X-CSRFToken": token}
    assert client.generic("POST", PATH, body, FORM, headers=headers).status_code == 200
    assert client.generic("POST", PATH, f"{body}&csrfmiddlewaretoken={token}", FORM).status_code == 200
    for wrong in [{"X-CSRFToken": "y" * 32}, {**headers, "Origin": "https://evil.example"}]:
        assert client.generic("POST", PATH, body, FORM, headers=wrong).status_code == 403


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_no_method_gets_around_it(method):
    client = Client(enforce_csrf_checks=True)
    headers = {"Origin": "https://evil.example"}
    for answer in [
        client.generic(method, "/auth/v1/client", headers=headers),
        client.post(f"/auth/v1/client?_method={method}", headers=headers),
    ]:
        assert answer.status_code in {403, 405}
    assert errors(client.post("/auth/v1/client?_method=GET", headers=headers)) == ["request_origin_refused"]


def test_reading_is_free():
    assert ApiVisitor(Origin="https://evil.example").get("environment").status_code == 200


def sentence(answer):
    assert answer.status_code in {403, 404}
    return answer.json()["errors"][0]["long_message"]


def refused(content_type="application/json", **headers):
    return Client(enforce_csrf_checks=True).generic("POST", PATH, "{}", content_type, headers=headers)


def warnings(caplog):
    ours = [record for record in caplog.records if record.name == "passwordless_otp.api"]
    return [record for record in ours if record.levelname == "WARNING"]


@pytest.mark.parametrize("debug", [True, False])
def test_refused_origin_is_named_in_log_and_to_developers_in_answer(debug, settings, caplog):
    settings.DEBUG = debug
    said = sentence(refused(Origin="http://localhost:5173"))
    [record] = warnings(caplog)
    assert "'http://localhost:5173'" in record.getMessage()
    assert "CSRF_TRUSTED_ORIGINS" in record.getMessage()
    assert ("'http://localhost:5173'" in said) == ("CSRF_TRUSTED_ORIGINS" in said) == debug


@pytest.mark.parametrize(
    ("headers", "remedy"),
    [
        ({"Origin": "https://testserver"}, "SECURE_PROXY_SSL_HEADER"),
        ({"Origin": "http://testserver:81"}, "CSRF_TRUSTED_ORIGINS"),
        ({"Origin": "https://testserver.evil.example"}, "CSRF_TRUSTED_ORIGINS"),
        ({"Origin": "null"}, "sandboxed frame"),
        ({"Referer": "http://testserver/"}, "nor a valid CSRF token"),
    ],
)
def test_log_says_what_allows_a_refused_page(headers, remedy, settings, caplog):
    said = sentence(refused(FORM, **headers))
    [record] = warnings(caplog)
    assert remedy in record.getMessage()
    assert remedy not in said
    settings.DEBUG = True
    assert remedy in sentence(refused(FORM, **headers))


def test_refused_origin_can_write_neither_lines_nor_pages_into_log(caplog):
    refused(Origin="http://a\x1b[31m" + "b" * 5000)
    [record] = warnings(caplog)
    assert "\x1b" not in record.getMessage()
    assert len(record.getMessage()) < 600


def test_form_of_no_browser_is_told_to_send_json():
    assert "JSON" in sentence(refused(FORM))
    assert "JSON" not in sentence(refused(FORM, Referer="http://testserver/"))
    assert "JSON" not in sentence(refused(**{"Sec-Fetch-Site": "same-origin"}))


def lost(**headers):
    """Ask for a flow without a cookie."""
    return Client(headers=headers or None).get(f"{PATH}/sia_1")


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Origin": "http://localhost:5173"}, "two sites"),
        ({"Origin": "http://testserver:5173"}, "CORS_ALLOW_CREDENTIALS"),
        ({"Origin": "http://localhost:5173", "Sec-Fetch-Site": "cross-site"}, "two sites"),
        ({"Origin": "http://app.testserver", "Sec-Fetch-Site": "same-site"}, "CORS_ALLOW_CREDENTIALS"),
        ({"Referer": "http://testserver/", "Sec-Fetch-Site": "same-origin"}, "Secure"),
        ({"Origin": "http://["}, "two sites"),
        ({"Origin": "null", "Sec-Fetch-Site": "\r"}, "two sites"),
    ],
)
def test_with_debug_log_says_why_browser_sent_no_cookie(headers, reason, settings, caplog):
    lost(**headers)
    assert "cookie" not in caplog.text
    settings.DEBUG = True
    lost(**headers)
    assert reason in caplog.text


def test_browser_without_cookie_is_told_so_and_one_with_it_is_not():
    answer = lost()
    assert errors(answer) == ["resource_not_found"]
    assert "cookie" in sentence(answer)
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    assert "cookie" not in sentence(visitor.get("client/sign_ins/sia_1"))
    assert "cookie" not in sentence(visitor.get("elsewhere"))
    assert "token" in sentence(visitor.get("client/sign_ins/sia_1?_is_native=1"))
