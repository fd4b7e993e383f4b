"""Session tokens with a key of the site: who can verify them, and what a wrong key leads to."""

import base64
import hashlib
import json
import time
from urllib.parse import urlsplit

import jwt
import pytest
from django.contrib.sessions.models import Session
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import include, path

from passwordless_otp import tokens
from tests import signing_keys
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code

pytestmark = pytest.mark.django_db
ISSUER = "https://example.com/auth"


def new_token(visitor):
    session = visitor.get("client").json()["client"]["last_active_session_id"]
    return visitor.post(f"client/sessions/{session}/tokens").json()["jwt"]


class Keys(jwt.PyJWKClient):
    """PyJWT's client of JWK sets; its requests go to the site of the tests."""

    def fetch_data(self):
        return Client().get(urlsplit(self.uri).path).json()


def verified(token, at="/auth/v1/jwks"):
    """Verify a token as another service does, which knows only the issuer and the path of the keys."""
    key = Keys(f"https://example.com{at}").get_signing_key_from_jwt(token)
    return jwt.decode(token, key, algorithms=["RS256", "EdDSA"], issuer=ISSUER)


@pytest.mark.parametrize("at", ["/auth/v1/jwks", "/auth/.well-known/jwks.json"])
@pytest.mark.parametrize(("kind", "algorithm"), [("rsa", "RS256"), ("ed25519", "EdDSA")])
def test_another_service_verifies_token_by_published_key(kind, algorithm, at, settings):
    signing_keys.set_key(settings, kind)
    visitor = joined()
    token = new_token(visitor)
    claims = verified(token, at)
    assert claims["sub"] == visitor.signed_in
    assert claims["sid"] == visitor.get("client").json()["client"]["last_active_session_id"]
    assert claims["exp"] - claims["iat"] == 60
    header = jwt.get_unverified_header(token)
    [key] = Client().get(at).json()["keys"]
    assert (header["alg"], header["kid"]) == (key["alg"], key["kid"]) == (algorithm, key["kid"])


def test_token_of_another_key_is_refused(settings):
    signing_keys.set_key(settings)
    token = new_token(joined())
    signing_keys.set_key(settings, "ed25519")
    with pytest.raises(jwt.PyJWKClientError):
        verified(token)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_published_key_has_no_private_part(kind, settings):
    signing_keys.set_key(settings, kind)
    [key] = Client().get("/auth/v1/jwks").json()["keys"]
    assert set(key) <= {"kty", "crv", "x", "n", "e", "kid", "alg", "use"}


def test_kid_is_the_thumbprint_of_rfc_7638(settings):
    signing_keys.set_key(settings)
    [key] = Client().get("/auth/v1/jwks").json()["keys"]
    canonical = f'{{"e":"{key["e"]}","kty":"RSA","n":"{key["n"]}"}}'
    assert base64.urlsafe_b64decode(key["kid"] + "=") == hashlib.sha256(canonical.encode()).digest()


def test_token_does_not_tell_the_key_of_the_session(settings):
    signing_keys.set_key(settings)
    visitor = joined()
    claims = verified(new_token(visitor))
    key = Session.objects.get().session_key
    assert key not in json.dumps(claims)
    assert tokens.session_key_of(claims) == key


def test_token_of_the_session_is_signed_as_well(settings):
    signing_keys.set_key(settings)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    answer = visitor.attempt(newest_code()).json()
    assert verified(answer["client"]["sessions"][0]["last_active_token"]["jwt"])["sub"] == visitor.signed_in


def test_without_key_nothing_is_published_and_token_names_no_key():
    assert Client().get("/auth/v1/jwks").json() == {"keys": []}
    assert "kid" not in jwt.get_unverified_header(new_token(joined()))


def test_key_in_one_line_as_in_environment_variables_is_read(settings):
    signing_keys.set_key(settings, JWT_PRIVATE_KEY=signing_keys.pem("rsa").replace("\n", "\\n"))
    assert verified(new_token(joined()))


urlpatterns = [path("en/accounts/", include("passwordless_otp.api.urls", namespace="otp"))]


def test_issuer_names_the_path_of_the_urls_in_any_namespace(settings):
    assert tokens.issuer() == ISSUER
    settings.ROOT_URLCONF = __name__
    assert tokens.issuer() == "https://example.com/en/accounts"


SECRET = "MIIEvQIBADANBgkqhkiG"


@pytest.mark.parametrize(
    "given",
    [
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----",
        SECRET,
        7,
        [SECRET],
        "short",
        "ec",
    ],
)
def test_check_names_bad_key_and_does_not_quote_it(given, settings):
    pem = signing_keys.pem(given) if given in ["short", "ec"] else given
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "JWT_PRIVATE_KEY": pem}
    found = [each for each in checks.run_checks() if each.id == "passwordless_otp.E020"]
    assert len(found) == 1
    assert "JWT_PRIVATE_KEY" in found[0].msg
    assert SECRET not in str(found[0])
    if isinstance(pem, str):
        with pytest.raises(ImproperlyConfigured) as raised:
            tokens.signing_key()
        assert raised.value.__context__ is None
        assert pem not in str(raised.value)


def test_check_names_missing_package(settings, monkeypatch):
    signing_keys.set_key(settings)
    tokens._load.cache_clear()
    monkeypatch.setattr(jwt.algorithms, "has_crypto", False)
    [found] = [each for each in checks.run_checks() if each.id == "passwordless_otp.E020"]
    assert "passwordless_otp[jwt]" in found.msg
    assert "BEGIN" not in str(found)


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_check_is_content_with_good_key(kind, settings):
    signing_keys.set_key(settings, kind)
    assert [each for each in checks.run_checks() if each.id == "passwordless_otp.E020"] == []


def test_token_expires(settings, monkeypatch):
    signing_keys.set_key(settings)
    token = new_token(joined())
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    assert tokens.read(token)
    monkeypatch.setattr(tokens.time, "time", lambda: now - 120)
    with pytest.raises(jwt.ExpiredSignatureError):
        tokens.read(new_token(joined("bob@example.com")))
