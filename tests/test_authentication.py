"""Session tokens at a site's own REST framework views."""

import jwt
import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import include, path
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from passwordless_otp import keys
from passwordless_otp.authentication import SessionTokenAuthentication
from tests import signing_keys
from tests.api.test_native import App
from tests.test_tokens import new_token
from tests.visitor import EMAIL, joined, newest_code

pytestmark = pytest.mark.django_db


class Notes(APIView):
    authentication_classes = [SessionTokenAuthentication]
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({"user": request.user.pk, "sid": request.auth["sid"]})

    post = get


urlpatterns = [path("auth/", include("passwordless_otp.urls")), path("notes", Notes.as_view())]


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = __name__
    signing_keys.set_key(settings)


def ask(token, scheme="Bearer", method="GET"):
    headers = {"Authorization": f"{scheme} {token}"}
    return Client(enforce_csrf_checks=True).generic(method, "/notes", headers=headers)


def status(token, **options):
    return ask(token, **options).status_code


def test_token_of_live_session_is_its_user():
    visitor = joined()
    answer = ask(new_token(visitor))
    assert answer.json()["user"] == get_user_model().objects.get().pk
    assert answer.json()["sid"] == visitor.get("client").json()["client"]["last_active_session_id"]
    assert status(new_token(visitor), method="POST") == 200
    assert status(new_token(visitor), scheme="bearer") == 200


def test_token_of_app_without_cookies_is_its_user():
    app = App()
    app.sign_up(email_address=EMAIL, strategy="email_code")
    app.attempt(newest_code())
    assert status(new_token(app)) == 200
    assert status(app.token) == 401  # the client token is none of a session


def test_password_login_has_a_token_too():
    visitor = joined()
    visitor.http.force_login(get_user_model().objects.create_user("bob", password="x"))
    assert ask(new_token(visitor)).json()["user"] == get_user_model().objects.get(username="bob").pk


def signed_out(visitor):
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})


def deleted(visitor):
    Session.objects.all().delete()


def inactive(visitor):
    get_user_model().objects.update(is_active=False)


def password_changed(visitor):
    user = get_user_model().objects.get()
    user.set_password("new")
    user.save()


def user_deleted(visitor):
    get_user_model().objects.get().delete()


def somebody_else(visitor):
    visitor.http.force_login(get_user_model().objects.create_user("bob"))


@pytest.mark.parametrize("end", [signed_out, deleted, inactive, password_changed, user_deleted, somebody_else])
def test_token_ends_with_its_session(end):
    visitor = joined()
    token = new_token(visitor)
    assert status(token) == 200
    end(visitor)
    answer = ask(token)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_asking_neither_changes_nor_renews_the_session(settings):
    visitor = joined()
    token = new_token(visitor)
    settings.SESSION_SAVE_EVERY_REQUEST = True
    before = list(Session.objects.values())
    assert status(token) == 200
    assert list(Session.objects.values()) == before


def test_new_secret_key_signs_no_browser_out(settings):
    visitor = joined()
    token = new_token(visitor)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    before = list(Session.objects.values())
    assert status(token) == 200
    assert list(Session.objects.values()) == before
    assert visitor.signed_in


def forged(visitor, key=None, algorithm="RS256", **changes):
    claims = jwt.decode(new_token(visitor), options={"verify_signature": False})
    claims = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(claims, key or signing_keys.pem("rsa"), algorithm)


@pytest.mark.parametrize("claim", ["exp", "iat", "iss", "sid", "sub", "otp_session"])
def test_token_without_one_of_its_claims_is_refused(claim):
    assert status(forged(joined(), **{claim: None})) == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"iss": "https://evil.example/auth"},
        {"sid": "sess_other"},
        {"otp_session": "x"},
        {"otp_session": 7},
        {"otp_session": "é"},
    ],
)
def test_token_with_wrong_claim_is_refused(changes):
    visitor = joined()
    assert status(forged(visitor)) == 200
    assert status(forged(visitor, **changes)) == 401


def test_token_of_another_signature_is_refused():
    visitor = joined()
    assert status(forged(visitor, key=keys.signing(), algorithm="HS256")) == 401
    assert status(forged(visitor, key=signing_keys.pem("ed25519"), algorithm="EdDSA")) == 401
    none = jwt.encode(jwt.decode(new_token(visitor), options={"verify_signature": False}), None, "none")
    assert status(none) == 401


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "é"])
def test_text_that_is_no_token_is_refused(token):
    assert status(token) == 401


def test_cookie_or_other_scheme_is_not_looked_at():
    visitor = joined()
    assert visitor.http.get("/notes").status_code == 401
    assert status(new_token(visitor), scheme="Basic") == 401


def test_without_key_the_first_token_says_what_to_set(settings):
    signing_keys.set_key(settings, JWT_PRIVATE_KEY="")
    with pytest.raises(ImproperlyConfigured, match="JWT_PRIVATE_KEY"):
        ask(new_token(joined()))
