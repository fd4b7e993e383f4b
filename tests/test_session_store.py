"""A store of sessions that fails: 503 and nothing is spent, and nobody is told that they are signed out."""

from contextlib import ExitStack

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.backends.cache import SessionStore as CacheSession
from django.test import Client

from passwordless_otp import clients
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Verification
from tests import needs, signing_keys
from tests.api.test_native import App
from tests.messaging import redis_server
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, PageVisitor, text_of
from tests.second_step import STEP
from tests.test_proofs import with_step
from tests.test_tokens import new_token
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, started, wrong

needs.package("redis")
pytestmark = pytest.mark.django_db
BACKENDS = "django.contrib.sessions.backends."
DOWN = ["service_unavailable"]


class Redis:
    """A Redis that can be stopped and started."""

    def __init__(self, folder):
        self.folder, self.port, self.process = folder, redis_server.free_port(), ExitStack()

    def start(self):
        return self.process.enter_context(redis_server.running(self.folder, self.port))

    def stop(self):
        self.process.close()


@pytest.fixture(params=["cache", "cached_db"])
def redis(request, settings, tmp_path):
    server = Redis(tmp_path)
    store = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": server.start()}
    settings.CACHES = {**settings.CACHES, "sessions": store}
    settings.SESSION_CACHE_ALIAS = "sessions"
    settings.SESSION_ENGINE = BACKENDS + request.param
    yield server
    server.stop()


@pytest.fixture
def without_mend(monkeypatch):
    monkeypatch.setattr(clients, "require_store", lambda request: None)


def spent():
    return Verification.objects.exclude(status="unverified", tries=0).exists()


@pytest.mark.parametrize("path", ["me", "client"])
def test_signed_in_visitor_is_not_told_that_they_are_signed_out(redis, path):
    visitor = joined()
    assert visitor.get(path).status_code == 200
    redis.stop()
    for _ in range(2):
        answer = visitor.get(path)
        assert (answer.status_code, errors(answer)) == (503, DOWN)
        assert answer["Retry-After"]
        assert not answer.cookies
    session = visitor.http.cookies["sessionid"].value
    assert errors(visitor.post(f"client/sessions/{session}/touch")) == DOWN
    assert errors(ApiVisitor().get("me")) == ["signed_out"]
    assert visitor.get("environment").status_code == 200


@pytest.mark.parametrize("redis", ["cache"], indirect=True)
def test_control_without_the_check_they_are(redis, without_mend):
    visitor = joined()
    redis.stop()
    answer = visitor.get("me")
    assert (answer.status_code, answer.cookies["sessionid"].value) == (401, "")


@pytest.mark.parametrize("redis", ["cache"], indirect=True)
def test_store_that_fails_for_one_read_looks_like_no_sign_out(redis, monkeypatch):
    visitor = joined()
    load, failures = CacheSession.load, [1]

    def fail_once(session):
        if failures and failures.pop():
            session._session_key = None
            return {}
        return load(session)

    monkeypatch.setattr(CacheSession, "load", fail_once)
    answer = visitor.get("me")
    assert (errors(answer), len(answer.cookies)) == (DOWN, 0)
    assert visitor.signed_in


def test_session_that_has_ended_is_a_sign_out_and_a_made_up_cookie_is_none(redis):
    visitor = joined()
    for key in [visitor.http.session.session_key, "x" * 32, "../x", "é\x00", "x" * 500]:
        visitor.http.session.flush()
        visitor.http.cookies["sessionid"] = key
        assert errors(visitor.get("me")) == ["signed_out"], key


@pytest.mark.parametrize("change", [str, wrong])
def test_code_is_neither_spent_nor_counted(redis, change):
    joined()
    visitor = started()
    Verification.objects.filter(flow__purpose="sign_up").delete()
    redis.stop()
    assert errors(visitor.attempt(change(newest_code()))) == DOWN
    assert errors(visitor.prepare()) == DOWN
    assert not spent()
    redis.start()
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert visitor.signed_in


@pytest.mark.parametrize("redis", ["cache"], indirect=True)
def test_control_without_the_check_it_is_spent(redis, without_mend):
    joined()
    visitor = started()
    Verification.objects.filter(flow__purpose="sign_up").delete()
    redis.stop()
    assert errors(visitor.attempt(newest_code())) == DOWN
    assert spent()


def test_pages_ask_to_try_again_and_keep_the_code(redis):
    visitor = PageVisitor()
    visitor.sign_up(email_address=EMAIL)
    redis.stop()
    sent = len(memory.sent)
    for answer in [
        visitor.submit("/auth/sign-up/verify/", {"code": newest_code()}),
        visitor.submit(SIGN_IN, {"identifier": EMAIL}),
    ]:
        assert (answer.status_code, "Try again in a moment." in text_of(answer)) == (503, True)
    assert not spent()
    assert len(memory.sent) == sent
    redis.start()
    visitor.submit("/auth/sign-up/verify/", {"code": newest_code()})
    assert visitor.user_id
    redis.stop()
    answer = visitor.get(SIGN_IN)
    assert (answer.status_code, "sessionid" in answer.cookies) == (503, False)
    assert Client().get(SIGN_IN).status_code == 200
    assert Client().get(SIGN_IN_VERIFY).status_code == 303


def test_app_keeps_its_session(redis):
    app = App()
    app.sign_up(email_address=EMAIL, strategy="email_code")
    app.attempt(newest_code())
    redis.stop()
    token = app.token
    assert errors(app.get("me")) == DOWN
    assert keyed(app.token) == keyed(token)


def keyed(token):
    return clients.keys.unseal("native", token)


def test_session_token_is_not_refused(redis, settings):
    settings.ROOT_URLCONF = "tests.test_authentication"
    signing_keys.set_key(settings)
    visitor = joined()
    headers = {"Authorization": f"Bearer {new_token(visitor)}"}
    assert Client().get("/notes", headers=headers).status_code == 200
    redis.stop()
    assert Client().get("/notes", headers=headers).status_code == 503


def test_proof_that_waits_for_a_second_step_still_waits(redis, settings):
    user = joined() and get_user_model().objects.get()
    with_step(settings)
    visitor = started()
    assert errors(visitor.attempt(newest_code())) == ["second_factor_required"]
    session, [flow] = visitor.http.session, Flow.objects.filter(status="proven")
    assert session.keys()  # read, to be saved in the new Redis
    redis.stop()
    visitor.http.raise_request_exception = False
    for call in [visitor.http.get, visitor.http.post]:
        assert call(STEP).status_code >= 500
        assert visitor.http.cookies["sessionid"].value == session.session_key
    flow.refresh_from_db()
    assert (flow.status, flow.user) == ("proven", user)
    redis.start()
    session.save(must_create=settings.SESSION_ENGINE.endswith("cache"))
    assert visitor.http.post(STEP).status_code == 302
    assert visitor.signed_in


@pytest.mark.parametrize("engine", ["db", "signed_cookies", "file"])
def test_other_stores_work_as_before(settings, tmp_path, engine):
    settings.SESSION_ENGINE, settings.SESSION_FILE_PATH = BACKENDS + engine, str(tmp_path)
    assert joined().signed_in == f"user_{get_user_model().objects.get().pk}"
    assert errors(ApiVisitor().get("me")) == ["signed_out"]
