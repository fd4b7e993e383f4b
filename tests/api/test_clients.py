"""The browser's cookie: who may go on with a flow, and what a login changes."""

import itertools

import django
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session

from passwordless_otp import signals
from passwordless_otp.models import Flow, Verification
from tests.visitor import (
    EMAIL,
    PHONE,
    ApiVisitor,
    both_kinds,
    errors,
    joined,
    newest_code,
    operate,
    unlimited,
    wrong,
)

pytestmark = pytest.mark.django_db


def test_asking_for_a_code_writes_no_session():
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    assert not Session.objects.exists()
    assert set(visitor.http.cookies) == {"otp_client"}


def test_the_cookie_is_kept_from_scripts_and_other_sites():
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    cookie = visitor.http.cookies["otp_client"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert cookie["max-age"] == 180 * 24 * 3600
    assert not cookie["secure"]


def test_the_cookie_is_prefixed_where_it_is_secure(settings):
    settings.SESSION_COOKIE_SECURE = True
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    assert visitor.http.cookies["__Host-otp_client"]["secure"]
    settings.SESSION_COOKIE_DOMAIN = "example.com"
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    assert visitor.http.cookies["otp_client"]["domain"] == "example.com"


@pytest.mark.parametrize(
    ("sessions", "secure", "expected"),
    [
        ("Lax", False, "Lax"),
        ("Strict", True, "Lax"),
        ("None", True, "None"),
        ("none", True, "none"),
        ("None", False, "Lax"),
        (False, True, ""),
    ],
)
def test_the_cookie_goes_where_the_sessions_goes(sessions, secure, expected, settings):
    settings.SESSION_COOKIE_SAMESITE, settings.SESSION_COOKIE_SECURE = sessions, secure
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    [cookie] = visitor.http.cookies.values()
    assert (cookie["samesite"], bool(cookie["secure"])) == (expected, secure)


def test_the_database_keeps_a_digest_of_it():
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL)
    secret = visitor.http.cookies["otp_client"].value
    assert len(secret) == 43
    assert secret not in str(list(Flow.objects.values()))
    assert secret not in str(visitor.get("client").json())
    assert Flow.objects.get().client not in str(visitor.get("client").json())


def test_a_cookie_that_somebody_made_up_is_never_adopted():
    visitor = ApiVisitor()
    visitor.http.cookies["otp_client"] = "made up"
    visitor.sign_in(EMAIL)
    assert visitor.http.cookies["otp_client"].value != "made up"


def test_a_flow_answers_to_its_own_client_only():
    joined()
    owner, thief = ApiVisitor(), ApiVisitor()
    owner.sign_in(EMAIL, "email_code")
    thief.sign_in("thief@example.com")
    thief.flow = owner.flow
    for answer in [
        thief.attempt(newest_code(EMAIL)),
        thief.prepare(),
        thief.get(f"client/sign_ins/{thief.flow}"),
    ]:
        assert (answer.status_code, errors(answer)) == (404, ["resource_not_found"])
    assert Verification.objects.get(flow__purpose="sign_in").tries == 0
    assert owner.attempt(newest_code(EMAIL)).status_code == 200


def test_a_code_works_in_its_own_purpose_flow_identifier_and_client_only():
    """All pairs: every code is tried in every flow but its own."""
    both_kinds()
    unlimited()
    joined()
    flows = []
    for identifier, strategy in [(EMAIL, "email_code"), (PHONE, "phone_code")]:
        for purpose in ["sign_in", "sign_up"]:
            for _ in range(2):
                visitor = ApiVisitor()
                if purpose == "sign_in":
                    visitor.sign_in(identifier, strategy, sign_up_if_missing=True)
                else:
                    kind = "email_address" if strategy == "email_code" else "phone_number"
                    visitor.sign_up(strategy=strategy, **{kind: identifier})
                flows.append((visitor, strategy, newest_code(identifier)))
    codes = [code for _, _, code in flows]
    assert len(set(codes)) == len(codes)
    operate(max_tries=10)
    Verification.objects.update(max_tries=10)
    for (visitor, strategy, _), (_, _, foreign) in itertools.permutations(flows, 2):
        assert errors(visitor.attempt(foreign, strategy)) == ["form_code_incorrect"]
    assert {v.tries for v in Verification.objects.filter(status="unverified")} == {7}


def test_a_purpose_is_no_way_into_another():
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.flow = visitor.flow.replace("sua_", "sia_")
    assert errors(visitor.attempt(newest_code())) == ["resource_not_found"]


def test_completion_gives_the_browser_a_new_cookie_and_the_old_one_nothing():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    stolen = visitor.twin()
    visitor.attempt(newest_code())
    assert visitor.http.cookies["otp_client"].value != stolen.http.cookies["otp_client"].value
    assert stolen.get("client").json()["client"] is None
    assert errors(stolen.get(f"client/sign_ins/{stolen.flow}")) == ["resource_not_found"]
    assert visitor.read()["status"] == "complete"


def test_login_cycles_the_session_key_and_keeps_what_was_in_it():
    visitor = ApiVisitor()
    session = visitor.http.session
    session["cart"] = 7
    session.save()
    before = session.session_key
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(newest_code())
    assert visitor.http.session.session_key != before
    assert visitor.http.session["cart"] == 7


def test_the_session_has_a_name_that_is_not_its_key():
    visitor = joined()
    client = visitor.get("client").json()["client"]
    [session] = client["sessions"]
    assert visitor.http.session.session_key not in str(client)
    assert session["id"] == client["last_active_session_id"]
    touched = visitor.post(f"client/sessions/{session['id']}/touch")
    assert touched.json()["response"]["id"] == session["id"]
    assert errors(visitor.post("client/sessions/sess_other/touch")) == ["signed_out"]


def test_a_password_login_is_a_session_like_any():
    user = get_user_model().objects.create_user("bob", password="x")
    visitor = ApiVisitor()
    visitor.http.force_login(user)
    [session] = visitor.get("client").json()["client"]["sessions"]
    assert session["user"]["id"] == f"user_{user.pk}"
    assert session["user"]["username"] is None
    operate(username="optional")
    assert visitor.get("me").json()["response"]["username"] == "bob"
    assert visitor.get("client").json()["client"]["last_active_session_id"] == session["id"]
    assert errors(visitor.sign_in(EMAIL)) == ["session_exists"]


@pytest.mark.parametrize("path", ["client/sessions", "client"])
def test_sign_out_ends_the_session_and_open_flows_and_keeps_the_cookie(path):
    visitor = joined()
    cookie = visitor.http.cookies["otp_client"].value
    answer = visitor.http.delete(f"/auth/v1/{path}", headers={"Origin": "http://testserver"})
    assert answer.json()["client"]["sessions"] == []
    assert visitor.signed_in is None
    assert visitor.http.cookies["otp_client"].value == cookie
    assert not Flow.objects.filter(status="open").exists()


@pytest.mark.parametrize("call", ["end", "remove"])
def test_a_session_can_be_ended_by_its_name(call):
    visitor = joined()
    session = visitor.get("client").json()["client"]["sessions"][0]["id"]
    assert visitor.post(f"client/sessions/{session}/{call}").json()["response"]["status"] == "ended"
    assert visitor.signed_in is None


@pytest.mark.skipif(django.VERSION >= (6, 1), reason="Django's own login() needs the method")
def test_user_class_without_session_hash_signs_in_and_stays_signed_in(monkeypatch):
    monkeypatch.delattr(AbstractBaseUser, "get_session_auth_hash")
    visitor = joined()
    assert visitor.signed_in == visitor.signed_in == f"user_{get_user_model().objects.get().pk}"


def test_session_lifetime_is_the_operators():
    operate(session_lifetime_days=3)
    assert joined().http.session.get_expiry_age() == 3 * 24 * 3600


@pytest.mark.parametrize("signal", [signals.signed_in, signals.signed_up])
def test_a_receiver_of_ours_that_raises_undoes_nothing(signal):
    def broken(**_):
        raise RuntimeError

    signal.connect(broken)
    try:
        assert joined().signed_in
    finally:
        signal.disconnect(broken)


def test_a_receiver_of_djangos_that_raises_leaves_nobody_signed_in_and_the_code_spent():
    def broken(**_):
        raise RuntimeError

    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    user_logged_in.connect(broken)
    try:
        answer = visitor.attempt(newest_code())
    finally:
        user_logged_in.disconnect(broken)
    assert (answer.status_code, errors(answer)) == (503, ["service_unavailable"])
    assert visitor.signed_in is None
    assert visitor.attempt(newest_code()).status_code == 400
    visitor.sign_in(EMAIL, "email_code")
    assert visitor.attempt(newest_code()).status_code == 200


def test_signals_tell_a_sign_up_from_a_sign_in():
    seen = []

    def up(**given):
        seen.append(("up", given["user"].pk))

    def signed_in(**given):
        seen.append(("in", given["flow"].purpose))

    signals.signed_up.connect(up)
    signals.signed_in.connect(signed_in)
    try:
        joined()
        joined()  # proving a taken identifier is a sign-in
    finally:
        signals.signed_up.disconnect(up)
        signals.signed_in.disconnect(signed_in)
    assert seen == [("up", get_user_model().objects.get().pk), ("in", "sign_up"), ("in", "sign_up")]


def test_the_first_backend_that_knows_the_user_logs_her_in(settings):
    settings.AUTHENTICATION_BACKENDS = ["tests.hooks.KnowsNobody", "django.contrib.auth.backends.ModelBackend"]
    assert joined().signed_in


def test_the_token_is_short_lived_and_proves_nothing_here():
    import jwt

    from passwordless_otp import keys

    visitor = joined()
    session = visitor.get("client").json()["client"]["last_active_session_id"]
    token = visitor.post(f"client/sessions/{session}/tokens").json()
    assert token["object"] == "token"
    claims = jwt.decode(token["jwt"], keys.signing(), algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["sid"], claims["sub"], claims["iss"]) == (session, visitor.signed_in, "https://example.com")
    stranger = ApiVisitor(Authorization=f"Bearer {token['jwt']}")
    stranger.http.cookies["__session"] = token["jwt"]
    assert stranger.signed_in is None


def test_a_refusal_that_is_gone_on_from_carries_the_client():
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    wrong_code = visitor.attempt(wrong(newest_code())).json()
    assert "meta" not in wrong_code
    refused = visitor.attempt(newest_code()).json()
    assert refused["errors"][0]["code"] == "sign_up_if_missing_transfer"
    client = refused["meta"]["client"]
    assert client == visitor.get("client").json()["client"]
    assert client["sign_in"]["first_factor_verification"]["status"] == "transferable"
