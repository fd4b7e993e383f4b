"""The app of docs/mobile.md, in Node without a cookie jar, and what its session token opens."""

import os
import subprocess
from contextlib import contextmanager

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import include, path

from tests import needs, signing_keys
from tests.demo.served import PATIENCE
from tests.docs import site
from tests.docs.blocks import ROOT, blocks
from tests.js.packages import packages
from tests.test_tokens import new_token
from tests.visitor import EMAIL, joined, newest_code

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs/mobile.md"
CLERK = {"private": True, "type": "module", "dependencies": {"@clerk/backend": "3.25.0"}}
# `ask` prints its question and reads a line. At the end everything that the page has made is printed as JSON.
ASK = """
import { createInterface } from "node:readline";
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
async function ask(question) {
  console.log(`? ${question}`);
  return (await lines.next()).value;
}
"""
END = "process.exit();"


@contextmanager
def node(folder, script):
    """Run a script in this folder. Yields the process, with pipes."""
    file = folder / f"app-{os.getpid()}.mjs"
    file.write_text(script)
    try:
        with subprocess.Popen(
            [needs.node(), file], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()
    finally:
        file.unlink()


def answer(process, question, text):
    """Wait for a question, and answer it."""
    assert process.stdout.readline() == f"? {question}\n", process.stderr.read()
    process.stdin.write(text() + "\n")
    process.stdin.flush()


def run(folder, script):
    """Run the script as somebody who signs in, and return what it prints afterwards."""
    with node(folder, ASK + script + END) as process:
        answer(process, "Your email address?", lambda: EMAIL)
        answer(process, "Which code?", lambda: newest_code(EMAIL))
        printed, complaints = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, complaints
        return printed.splitlines()


@pytest.fixture
def script(live_server, settings, transactional_db):
    """The JavaScript of the page, with the address of a server of the test."""
    signing_keys.set_key(settings)
    text = "\n".join(block.text for block in blocks(PAGE, "js"))
    assert text.count("https://example.com/auth") == 2
    return text.replace("https://example.com", live_server.url)


def without_clerk(script):
    return script[: script.index("const { verifyToken }")]


def test_app_without_cookies_signs_up_and_then_in(script, tmp_path):
    for _ in range(2):
        assert run(tmp_path, without_clerk(script)) == [f"Hello, {EMAIL}"]
    assert get_user_model().objects.count() == 1


def test_app_without_the_parameter_gets_nowhere(script, tmp_path):
    """The control: without native transport a client without a cookie jar loses its flow."""
    broken = without_clerk(script).replace("?_is_native=1", "")
    with pytest.raises(AssertionError, match="no cookie"):
        run(tmp_path, broken)


def test_clerks_backend_sdk_verifies_token(script):
    folder = packages("clerk-backend", CLERK)
    [_, sub, azp] = run(folder, script + "console.log(claims.sub); console.log(claims.azp);")
    assert sub == f"user_{get_user_model().objects.get().pk}"
    assert azp == "undefined"


def test_clerks_backend_sdk_refuses_token_of_another_key(script, settings):
    folder = packages("clerk-backend", CLERK)
    forged = script.replace("verifyToken(jwt,", "verifyToken(jwt.slice(0, -8) + 'AAAAAAAA',")
    with pytest.raises(AssertionError, match="signature"):
        run(folder, forged)


def test_clerks_backend_sdk_authenticates_request(script):
    folder = packages("clerk-backend", CLERK)
    request = """
const { createClerkClient } = await import("@clerk/backend");
const clerk = createClerkClient({
  apiUrl: API.replace("/v1/", ""), secretKey: "sk_test_none", publishableKey: "pk_test_ZXhhbXBsZS5jb20k",
});
const sent = new Request("https://service.example/", { headers: { Authorization: `Bearer ${jwt}` } });
console.log((await clerk.authenticateRequest(sent)).isAuthenticated);
"""
    assert run(folder, script + request)[-1] == "true"


def test_clerks_python_sdk_verifies_token_of_a_page(live_server, settings, transactional_db):
    security = needs.package("clerk_backend_api.security")
    signing_keys.set_key(settings)
    visitor = joined()
    page = {"Origin": "https://example.com"}
    session = visitor.get("client").json()["client"]["last_active_session_id"]
    token = visitor.http.post(f"/auth/v1/client/sessions/{session}/tokens", headers=page).json()["jwt"]
    options = {"secret_key": "none", "api_url": f"{live_server.url}/auth"}

    def verify(parties):
        return security.verify_token(token, security.VerifyTokenOptions(**options, authorized_parties=parties))

    assert verify([page["Origin"]])["sub"] == visitor.signed_in
    with pytest.raises(security.TokenVerificationError):
        verify(["https://evil.example"])


@pytest.fixture
def mysite(settings, monkeypatch, db):
    """The Python of the page, with its URLs beside the app's."""
    needs.installed("corsheaders", "rest_framework_simplejwt")
    tested = settings.PASSWORDLESS_OTP
    module = site.run(PAGE, settings, monkeypatch)
    settings.PASSWORDLESS_OTP = tested
    signing_keys.set_key(settings)
    module.urlpatterns += [path("auth/", include("passwordless_otp.urls")), path("notes", module.Notes.as_view())]
    settings.ROOT_URLCONF = "mysite"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    return module


def test_example_view_answers_to_session_token(mysite):
    visitor = joined()
    bearer = {"Authorization": f"Bearer {new_token(visitor)}"}
    assert Client().get("/notes", headers=bearer).json()["user"] == get_user_model().objects.get().pk
    assert Client().get("/notes").status_code == 401


@pytest.mark.filterwarnings("ignore:The HMAC key")  # the tests' SECRET_KEY is short
def test_example_pair_of_simplejwt_is_given_for_session_token_and_works(mysite):
    authentication = needs.package("rest_framework_simplejwt.authentication")
    visitor = joined()
    bearer = {"Authorization": f"Bearer {new_token(visitor)}"}
    pair = Client().post("/api/token-pair", headers=bearer).json()
    jwt_authentication = authentication.JWTAuthentication()
    token = jwt_authentication.get_validated_token(pair["access"])
    assert jwt_authentication.get_user(token) == get_user_model().objects.get()
    visitor.http.delete("/auth/v1/client", headers={"Origin": "http://testserver"})
    assert Client().post("/api/token-pair", headers=bearer).status_code == 401
