"""Native transport: an app without cookies, and web pages that pretend to be one."""

import json

import pytest
from asgiref.sync import async_to_sync
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.test import AsyncClient, Client

from passwordless_otp import keys
from passwordless_otp.models import Flow, Verification
from tests import hooks
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, wrong

pytestmark = pytest.mark.django_db
NATIVE = "/auth/v1/{}{}_is_native=1"


class App(ApiVisitor):
    """An app: it sends the newest token that it was given, and keeps no cookie."""

    token = ""

    def __init__(self, **options):
        super().__init__()
        self.http.raise_request_exception = options.get("raise_request_exception", True)

    def get(self, path):
        return self.keep(self.http.get(self.url(path), headers=self.headers))

    def post(self, path, form=False, **parameters):
        body = json.dumps(parameters)
        return self.keep(
            self.http.post(self.url(path), body, content_type="application/json", headers=self.headers)
        )

    def delete(self, path):
        return self.keep(self.http.delete(self.url(path), headers=self.headers))

    def url(self, path):
        return NATIVE.format(path, "&" if "?" in path else "?")

    @property
    def headers(self):
        return {"Authorization": self.token}

    def keep(self, answer):
        self.token = answer.headers.get("Authorization", self.token)
        assert answer.cookies.output() == ""
        assert "Cookie" not in answer.headers["Vary"]
        return answer


@pytest.fixture
def app():
    app = App()
    app.sign_up(email_address=EMAIL, strategy="email_code")
    app.attempt(newest_code())
    return app


def test_app_signs_up_and_stays_signed_in(app):
    assert app.signed_in == app.signed_in == f"user_{get_user_model().objects.get().pk}"
    assert app.read()["status"] == "complete"


def test_app_signs_in_after_wrong_code(app):
    other = App()
    other.sign_in(EMAIL)
    other.prepare()
    before = other.token
    assert errors(other.attempt(wrong(newest_code()))) == ["form_code_incorrect"]
    assert other.token == before
    assert other.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert other.token != before
    assert other.signed_in
    assert errors(other.sign_in(EMAIL)) == ["session_exists"]


def test_token_is_given_with_first_flow_and_not_before():
    app = App()
    app.get("environment")
    app.get("client")
    assert app.token == ""
    app.sign_in(EMAIL)
    assert app.token
    assert app.get("client").json()["client"]["sign_in"]["id"] == app.flow
    assert "Authorization" not in app.get("client").headers


def test_token_tells_neither_secret_nor_session_key(app):
    secret, key = keys.unseal("native", app.token)
    assert Session.objects.get().session_key == key
    assert key not in app.token
    assert secret not in app.token


@pytest.mark.parametrize(
    "change", [lambda t: "", lambda t: t[:-2], lambda t: "x" + t, lambda t: t[:40], lambda t: "é"]
)
def test_token_that_was_changed_is_no_token(app, change):
    app.token = change(app.token)
    assert app.signed_in is None
    assert app.get("client").json() == {"response": None, "client": None}


def test_every_bit_of_token_is_protected(app):
    for place in range(0, len(app.token) - 2, 7):
        stranger = App()
        other = "A" if app.token[place] != "A" else "B"
        stranger.token = app.token[:place] + other + app.token[place + 1 :]
        assert stranger.signed_in is None


def test_token_may_follow_the_word_bearer(app):
    app.token = f"Bearer {app.token}"
    assert app.signed_in


def test_token_survives_rotation_of_secret_key_and_is_renewed(app, settings):
    before = app.token
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    app.get("client")
    assert app.token != before
    assert app.signed_in
    settings.SECRET_KEY_FALLBACKS = []
    assert app.get("client").json()["client"] is not None
    app.token = before
    assert app.get("client").json()["client"] is None


def test_old_token_gains_nothing_from_proof(app):
    other = App()
    other.sign_in(EMAIL, "email_code")
    stolen = App()
    stolen.token = other.token
    other.attempt(newest_code())
    assert stolen.signed_in is None
    assert stolen.get("client").json()["client"] is None


def test_flow_answers_to_its_own_app_only(app):
    other, thief = App(), App()
    other.sign_in(EMAIL, "email_code")
    thief.sign_in("thief@example.com")
    thief.flow = other.flow
    assert errors(thief.attempt(newest_code(EMAIL))) == ["resource_not_found"]
    assert Verification.objects.get(flow__purpose="sign_in").tries == 0


@pytest.mark.parametrize("path", ["client", "client/sessions"])
def test_sign_out_ends_session_of_token(app, path):
    before = app.token
    assert app.delete(path).json()["client"]["sessions"] == []
    assert app.signed_in is None
    app.token = before
    assert app.signed_in is None
    assert not Session.objects.exists()


def test_session_ended_elsewhere_ends_token(app):
    Session.objects.all().delete()
    assert app.signed_in is None


def test_password_change_ends_token(app):
    user = get_user_model().objects.get()
    user.set_password("x")
    user.save()
    assert app.signed_in is None


def test_session_ended_during_the_call_is_not_made_again(app):
    def end(request, **_):
        request.session["cart"] = 7
        Session.objects.all().delete()

    other = App(raise_request_exception=False)
    other.sign_in(EMAIL, "email_code")
    user_logged_in.connect(end)
    try:
        assert other.attempt(newest_code()).status_code == 400
    finally:
        user_logged_in.disconnect(end)
    assert not Session.objects.exists()
    assert other.signed_in is None


def state(visitor):
    """What somebody has: their session and its content, their flows, their cookies."""
    rows = [
        list(model.objects.order_by("pk").values()) for model in (Session, Flow, Verification, get_user_model())
    ]
    return str(rows) + visitor.http.cookies.output()


PATHS = [
    ("DELETE", "client"),
    ("DELETE", "client/sessions"),
    ("POST", "client?_method=DELETE"),
    ("POST", "client/sessions?_method=DELETE"),
    ("GET", "client"),
    ("GET", "me"),
    ("GET", "environment"),
    ("GET", "client/{flow}"),
    ("PATCH", "client/{flow}"),
    ("POST", "client/{flow}?_method=PATCH"),
    ("POST", "client/{flow}/prepare_verification"),
    ("POST", "client/{flow}/attempt_verification"),
    ("POST", "client/sessions/{session}/touch"),
    ("POST", "client/sessions/{session}/tokens"),
    ("POST", "client/sessions/{session}/end"),
    ("POST", "client/sessions/{session}/remove"),
]


def somebody():
    """A browser that is signed in and has an open sign-up, with the ids of both."""
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.http.force_login(get_user_model().objects.create_user("bob", EMAIL))
    session = visitor.get("client").json()["client"]["last_active_session_id"]
    return visitor, {"session": session, "flow": f"sign_ups/{visitor.flow}"}


@pytest.mark.parametrize("looking", [[], ["tests.hooks.keep_requests"]])
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_native_call_with_somebodys_cookies_knows_and_changes_nothing(method, path, looking, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, *looking]
    visitor, ids = somebody()
    before = state(visitor)
    body = {"code": newest_code(), "strategy": "email_code", "first_name": "Eve"}
    answer = visitor.http.generic(
        method,
        NATIVE.format(path.format(**ids), "&" if "?" in path else "?"),
        json.dumps(body),
        "application/json",
    )
    assert answer.status_code in {200, 401, 404}
    text = answer.content.decode()
    assert EMAIL not in text
    assert "sess_" not in text
    assert answer.cookies.output() == ""
    assert "Authorization" not in answer.headers
    assert state(visitor) == before
    assert visitor.signed_in


def test_same_calls_by_cookie_do_change_something():
    """The control: without `_is_native` the same cookies end the session."""
    visitor, _ = somebody()
    before = state(visitor)
    assert visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"}).status_code == 200
    assert state(visitor) != before
    assert visitor.signed_in is None


@pytest.mark.parametrize("value", ["0", "", "true", "2"])
def test_only_1_asks_for_it(value):
    visitor = joined()
    assert visitor.get(f"me?_is_native={value}").status_code == 200
    assert errors(visitor.get("me?_is_native=1")) == ["signed_out"]


def test_sign_in_of_app_beside_cookies_of_somebody_signs_them_neither_in_nor_out(app):
    visitor = joined("bob@example.com")
    before = visitor.http.cookies.output()
    other = App()
    other.http = visitor.http
    other.sign_in(EMAIL, "email_code")
    other.attempt(newest_code())
    assert other.signed_in != visitor.signed_in
    assert visitor.http.cookies.output() == before


def test_login_receivers_see_the_app_and_what_they_leave_stays_out_of_the_browsers_answer(app):
    seen = []

    def greet(request, user, **_):
        messages.success(request, "Welcome")
        sent = [request.COOKIES, request.headers.get("Cookie"), request.META.get("HTTP_COOKIE")]
        seen.append((sent, request.session.session_key, request.user == user))

    visitor = joined("bob@example.com")
    other = App()
    other.http = visitor.http
    user_logged_in.connect(greet)
    try:
        other.sign_in(EMAIL, "email_code")
        assert other.attempt(newest_code()).status_code == 200
    finally:
        user_logged_in.disconnect(greet)
    [(sent, key, same)] = seen
    assert sent == [{}, None, None]
    assert key == keys.unseal("native", other.token)[1] != visitor.http.session.session_key
    assert same


def test_middleware_gets_its_own_request_back(settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "tests.hooks.keep_requests"]
    visitor = joined()
    key = visitor.http.session.session_key
    assert errors(visitor.get("me?_is_native=1")) == ["signed_out"]
    request = hooks.requests[-1][0]
    assert request.session.session_key == key
    assert request.user.is_authenticated
    assert "CSRF_COOKIE_NEEDS_UPDATE" not in request.META


def test_app_signs_in_over_asgi():
    """The same by Django's other class of requests."""
    app = App()
    app.http = AsyncAsSync()
    app.sign_up(email_address=EMAIL, strategy="email_code")
    app.attempt(newest_code())
    assert app.signed_in
    app.token = ""
    assert app.signed_in is None


class AsyncAsSync:
    """Django's asynchronous test client, called without `await`."""

    def __init__(self):
        self.http = AsyncClient()

    def __getattr__(self, name):
        return async_to_sync(getattr(self.http, name))


def post(content_type="application/x-www-form-urlencoded", **headers):
    body = "{}" if "json" in content_type else "identifier=jane%40example.com"
    path = "/auth/v1/client/sign_ins?_is_native=1"
    return Client(enforce_csrf_checks=True).generic("POST", path, body, content_type, headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "capacitor://localhost"},
        {"Origin": "https://localhost", "Authorization": ""},
        {"Origin": "https://evil.example", "Authorization": ""},  # its browser asks the site first
        {"Origin": "http://testserver"},
        {"Authorization": ""},
    ],
)
def test_app_is_asked_for_no_origin(headers):
    assert post(**headers).status_code == 200
    assert post("application/json", **{**headers, "Authorization": ""}).status_code == 200


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost"])
def test_form_of_another_web_page_is_refused_as_always(origin):
    assert errors(post(Origin=origin)) == ["request_origin_refused"]
    assert not Flow.objects.exists()
