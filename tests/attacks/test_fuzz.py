"""Garbage at every path of the API: an envelope in return, never a 500, and nothing half saved."""

import json
import os
import string

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from passwordless_otp import identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.messaging.backends import memory
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, newest_code

pytestmark = pytest.mark.django_db

FIELDS = [
    "identifier",
    "email_address",
    "phone_number",
    "strategy",
    "code",
    "first_name",
    "last_name",
    "username",
    "unsafe_metadata",
    "transfer",
    "sign_up_if_missing",
    "email_address_id",
    "phone_number_id",
    "_method",
]
EXAMPLES = 400 if os.environ.get("CI") == "true" else 60
STEPS = ["", "/prepare_first_factor", "/attempt_first_factor", "/prepare_verification", "/attempt_verification"]
likely = st.sampled_from(
    [EMAIL, PHONE, "+11111111111", "email_code", "phone_code", "123456", "true", "{}", "\0", ""]
)
texts = st.text(max_size=40) | likely | st.text("0123456789+@.-", max_size=30)
values = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
bodies = st.dictionaries(st.sampled_from(FIELDS) | texts, values, max_size=6)
paths = st.sampled_from(
    [
        "client/sign_ins",
        "client/sign_ups",
        "client",
        "client/sessions",
        "environment",
        "me",
        "client/sessions/x/touch",
    ]
) | st.builds(
    lambda kind, name, step: f"client/sign_{kind}/{name}{step}",
    st.sampled_from(["ins", "ups"]),
    st.sampled_from(["FLOW"]) | st.text(string.ascii_letters + string.digits + "_-.%", min_size=1, max_size=40),
    st.sampled_from(STEPS),
)
methods = st.sampled_from(["POST", "POST", "POST", "PATCH", "GET", "DELETE", "PUT", "OPTIONS", "TRACE"])
quick = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def visitor():
    """A browser with an open flow of each purpose; names are asked for, so that every field is read."""
    both_kinds(first_name="optional", last_name="optional", username="optional")
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.up, visitor.typed = visitor.flow, set()
    visitor.sign_in(EMAIL, "email_code")
    return visitor


def check(answer):
    assert answer.status_code < 500, (answer.status_code, answer.content[:300])
    if answer.status_code >= 400:
        [error, *_] = answer.json()["errors"]
        assert error["code"]
        assert error["long_message"]


def canonical(text):
    try:
        return identifiers.parse(text, None).value
    except FormatInvalid:
        return None


def send(visitor, method, path, body, content_type, typed=()):
    """No message goes to an address that was not typed in full: now, or when the visitor's flows were opened."""
    memory.sent.clear()
    path = path.replace("FLOW", visitor.flow if "sign_ins" in path else visitor.up)
    headers = {"Origin": "http://testserver"}
    check(visitor.http.generic(method, f"/auth/v1/{path}", body, content_type, headers=headers))
    typed = {EMAIL, *(canonical(text) for text in typed if isinstance(text, str))}
    assert {message.to for message in memory.sent} <= visitor.typed | typed
    visitor.typed |= typed


@quick
@given(method=methods, path=paths, body=bodies)
def test_any_json_object(visitor, method, path, body):
    send(visitor, method, path, json.dumps(body).encode(), "application/json", body.values())


@quick
@given(method=methods, path=paths, fields=st.lists(st.tuples(st.sampled_from(FIELDS), texts), max_size=6))
def test_any_form(visitor, method, path, fields):
    body = "&".join(f"{name}={value}" for name, value in fields).encode("utf-8", "replace")
    send(visitor, method, path, body, "application/x-www-form-urlencoded", dict(fields).values())


@quick
@given(
    path=paths,
    body=st.binary(max_size=300),
    content_type=st.sampled_from(
        [
            "application/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/plain",
            "",
        ]
    )
    | st.text(string.printable.strip(), max_size=40),
    charset=st.sampled_from(["", "; charset=utf-16", "; charset=rot13", "; charset=x", "; boundary=\0"]),
)
def test_any_bytes(visitor, path, body, content_type, charset):
    send(visitor, "POST", path, body, content_type + charset)


@quick
@given(names=st.dictionaries(st.sampled_from(["first_name", "last_name", "username"]), st.text(max_size=160)))
def test_any_name_is_taken_or_refused_and_comes_back_as_it_was_typed(visitor, names):
    visitor.flow = visitor.up
    answer = visitor.update(**names)
    check(answer)
    if answer.status_code == 200:
        names.pop("username", None)  # the user model has a canonical form for it
        shown = answer.json()["response"]
        assert {name: shown[name] or "" for name in names} == {name: text.strip() for name, text in names.items()}


@pytest.mark.parametrize("cookie", ["", "x", "\0", "é", "x" * 10_000, '"', "a;b"])
def test_any_cookie(cookie):
    client = Client(headers={"Cookie": f"otp_client={cookie}; sessionid={cookie}"})
    for path in ["client", "me", "environment"]:
        check(client.get(f"/auth/v1/{path}"))


def test_the_flow_that_was_fuzzed_still_works(visitor):
    assert visitor.attempt(newest_code(EMAIL)).status_code in {200, 422}
