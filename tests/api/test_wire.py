"""What the JSON API takes and answers, whatever is done by it."""

import json

import pytest
from django.db import DatabaseError
from django.test import Client

from passwordless_otp.models import Flow, Message
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, operate, param

pytestmark = pytest.mark.django_db
PATH = "/auth/v1/client/sign_ins"


def post(body, content_type="application/json", path=PATH):
    body = body.encode() if isinstance(body, str) else body
    return Client().generic("POST", path, body, content_type, headers={"Origin": "http://testserver"})


@pytest.mark.parametrize("form", [False, True])
def test_forms_and_json_go_to_the_end(form):
    visitor = ApiVisitor()
    answer = visitor.post("client/sign_ups", form=form, email_address=EMAIL, strategy="email_code").json()
    visitor.flow = answer["response"]["id"]
    path = f"client/sign_ups/{visitor.flow}/attempt_verification"
    answer = visitor.post(path, form=form, strategy="email_code", code=newest_code()).json()
    assert answer["response"]["status"] == "complete"
    assert visitor.signed_in == answer["response"]["created_user_id"]


def test_urlencoded_bodies_and_overridden_methods():
    operate(first_name="required")
    visitor = ApiVisitor()
    origin = {"headers": {"Origin": "http://testserver"}, "content_type": "application/x-www-form-urlencoded"}
    answer = visitor.http.post("/auth/v1/client/sign_ups", "email_address=jane%40example.com", **origin)
    flow = answer.json()["response"]["id"]
    path = f"/auth/v1/client/sign_ups/{flow}"
    answer = visitor.http.post(f"{path}?_method=PATCH", "first_name=Jane", **origin)
    assert answer.json()["response"]["first_name"] == "Jane"
    answer = visitor.http.patch(path, json.dumps({"first_name": "J"}), content_type="application/json")
    assert answer.json()["response"]["first_name"] == "J"


def test_unknown_parameters_and_trust_fields_are_ignored():
    visitor = ApiVisitor()
    visitor.sign_up(
        email_address=EMAIL,
        locale="en",
        _clerk_js_version="5",
        user=1,
        status="complete",
        verified=True,
        tries=-9,
    )
    assert visitor.read()["status"] == "missing_requirements"
    assert Flow.objects.get().user is None


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"identifier": ["a@example.com", "b@example.com"]}, "identifier"),
        ({"identifier": {"a": 1}}, "identifier"),
        ({"identifier": 14155552671}, "identifier"),
        ({"identifier": True}, "identifier"),
        ({"identifier": None}, "identifier"),
        ({"identifier": "a\0@example.com"}, "identifier"),
        ({"identifier": "\ud800"}, "identifier"),
        ({"identifier": "x" * 5000}, "identifier"),
        ({"identifier": EMAIL, "strategy": ["email_code"]}, "strategy"),
        ({"identifier": EMAIL, "strategy": "password"}, "strategy"),
        ({"identifier": EMAIL, "sign_up_if_missing": "perhaps"}, "sign_up_if_missing"),
        ({"identifier": EMAIL, "sign_up_if_missing": []}, "sign_up_if_missing"),
    ],
)
def test_a_field_of_the_wrong_type_is_named(body, name):
    answer = post(json.dumps(body))
    assert answer.status_code == 422
    assert param(answer) == name
    assert not Message.objects.exists()
    assert not Flow.objects.exists()


def test_a_parameter_that_comes_twice_is_refused():
    body = "identifier=a%40example.com&identifier=b%40example.com&strategy=email_code"
    answer = post(body, "application/x-www-form-urlencoded")
    assert (answer.status_code, param(answer)) == (422, "identifier")
    answer = post('{"identifier": "a@example.com", "identifier": "b@example.com"}')
    assert errors(answer) == ["request_body_invalid"]
    assert not Message.objects.exists()


@pytest.mark.parametrize("body", ["{", "[]", "1", "null", '"x"', "[" * 9_999, "\xff\xfe", '{"identifier": NaN}'])
def test_what_is_not_an_object_is_refused(body):
    answer = post(body)
    assert (answer.status_code, errors(answer)) == (400, ["request_body_invalid"])


SIGN_UPS = "/auth/v1/client/sign_ups"
TEXT = json.dumps({"email_address": EMAIL, "first_name": "Jos\u00e9"}, ensure_ascii=False)
FORM = f"email_address={EMAIL}&first_name=Jos\u00e9"
MULTIPART = f"--x\r\nContent-Disposition: form-data; name=email_address\r\n\r\n{EMAIL}\r\n"
MULTIPART += "--x\r\nContent-Disposition: form-data; name=first_name\r\n\r\nJos\u00e9\r\n--x--\r\n"
KINDS = {
    "application/json": TEXT,
    "application/x-www-form-urlencoded": FORM,
    "multipart/form-data; boundary=x": MULTIPART,
}


# A BOM before a boundary belongs to no part, and in UTF-16 no boundary is found.
@pytest.mark.parametrize("kind", KINDS)
def test_body_is_read_as_utf_8_and_as_nothing_else(kind):
    operate(first_name="required")
    answer = post(KINDS[kind], kind, SIGN_UPS)
    assert answer.json()["response"]["first_name"] == "Jos\u00e9"
    for encoding in ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1"]:
        if kind.startswith("multipart") and encoding != "latin-1":
            continue
        answer = post(KINDS[kind].encode(encoding), kind, SIGN_UPS)
        assert (answer.status_code, errors(answer)) == (400, ["request_body_invalid"]), encoding
    assert Flow.objects.count() == 1


@pytest.mark.parametrize("value", ["Jos%E9", "%FF", "%ED%A0%80", "%C0%AF"])
def test_percent_encoded_bytes_are_utf_8_too(value):
    operate(first_name="required")
    kind = "application/x-www-form-urlencoded"
    answer = post(f"email_address={EMAIL}&first_name={value}", kind, SIGN_UPS)
    assert errors(answer) == ["request_body_invalid"]
    answer = post(f"email_address={EMAIL}&first_name=Jos%C3%A9+B", kind, SIGN_UPS)
    assert answer.json()["response"]["first_name"] == "Jos\u00e9 B"


def test_content_types_sizes_methods_and_paths_have_their_refusals():
    assert errors(post("<a/>", "text/xml")) == ["unsupported_content_type"]
    assert errors(post(b"x" * 10_000_000)) == ["request_too_large"]
    assert post(b"x" * 10_000_000).status_code == 413
    assert errors(post("x", "multipart/form-data; boundary=")) == ["request_body_invalid"]
    for content_type, body in [("x-www-form-urlencoded", b"identifier=%3F"), ("json", b'{"identifier": "?"}')]:
        answer = post(body, f"application/{content_type}; charset=rot13")
        assert errors(answer) == ["form_param_format_invalid"]
    answer = Client().get(PATH)
    assert (answer.status_code, errors(answer)) == (405, ["method_not_allowed"])
    for path in [
        "/auth/v1/",
        "/auth/v1/nothing",
        f"{PATH}/",
        f"{PATH}/sia_1",
        f"{PATH}/sia_{'0' * 32}",
        f"{PATH}/x",
    ]:
        answer = Client().get(path)
        assert (answer.status_code, errors(answer)) == (404, ["resource_not_found"]), path


@pytest.mark.parametrize("length", ["x", "-1", "", "1e9", "9" * 5000])
def test_a_length_that_is_no_number_is_no_error_of_ours(length):
    answer = Client().generic("POST", PATH, b"{}", "application/json", CONTENT_LENGTH=length)
    assert answer.status_code < 500


def test_every_answer_says_that_it_is_nobodys_to_keep():
    for answer in [ApiVisitor().sign_in(EMAIL), ApiVisitor().get("environment"), post("{")]:
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Vary"] == "Cookie, Accept-Language"
        assert answer.headers["Content-Type"] == "application/json"
    assert len(post("{").json()["trace_id"]) == 32


def test_a_browser_without_anything_is_no_client():
    assert ApiVisitor().get("client").json() == {"response": None, "client": None}
    stranger = ApiVisitor()
    stranger.http.cookies["otp_client"] = "made up"
    assert stranger.get("client").json() == {"response": None, "client": None}


def test_401_means_signed_out_and_nothing_else():
    visitor = ApiVisitor()
    for call in ["touch", "tokens", "end", "remove"]:
        answer = visitor.post(f"client/sessions/sess_x/{call}")
        assert (answer.status_code, errors(answer)) == (401, ["signed_out"])
    assert errors(visitor.get("me")) == ["signed_out"]


def test_the_sites_own_api_settings_change_nothing(settings):
    settings.REST_FRAMEWORK = {
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.BasicAuthentication"],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.BrowsableAPIRenderer"],
        "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.FileUploadParser"],
        "EXCEPTION_HANDLER": "nowhere.handler",
        "UNICODE_JSON": False,
        "COMPACT_JSON": False,
    }
    joined()
    answer = Client(headers={"Accept": "text/html"}).get("/auth/v1/client?format=xml")
    assert answer.headers["Content-Type"] == "application/json"


def test_a_database_that_fails_is_503_and_nobody_is_signed_in(monkeypatch):
    def fail(*args, **options):
        raise DatabaseError("down")

    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    with monkeypatch.context() as patch:
        patch.setattr(Flow, "touch", fail)
        answer = visitor.attempt(newest_code())
    assert (answer.status_code, errors(answer)) == (503, ["service_unavailable"])
    assert answer.headers["Retry-After"] == "1"
    assert visitor.signed_in is None
    assert visitor.attempt(newest_code()).status_code == 200
