"""Nothing tells whether somebody has an account: known, unknown, inactive, staff, at every step."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from passwordless_otp.models import memo
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, Browser, text_of

PEOPLE = ["known", "unknown", "inactive", "staff"]
NUMBERS = {"known": 0, "unknown": 1, "inactive": 2, "staff": 3}
VARYING = [
    r'name="csrfmiddlewaretoken" value="\w+"',
    r'name="send" value="\w+"',
    r"for another in \d+ seconds?",
    r"otp_client=[\w-]+",
    r"csrftoken=\w+",
    r"expires=[^;]+",
    r"j[knius]\w+@example\.com",
    r"\+1415555267\d",
    r"•\d+",
    r"Content-Length: \d+",
]


def record(message_id):
    """Stand in for a queue: delivery is not the request's."""


@pytest.fixture(autouse=True)
def people(settings, both, make_user):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": f"{__name__}.record"}
    make_user(email("known"), phone("known"))
    make_user(email("inactive"), phone("inactive"), is_active=False)
    make_user(email("staff"), phone("staff"), is_staff=True)


def email(who):
    return f"j{who}@example.com"


def phone(who):
    return f"+1415555267{NUMBERS[who]}"


def snapshot(answer, statements):
    head = "\n".join(f"{name}: {value}" for name, value in sorted(answer.headers.items()))
    whole = f"{answer.status_code}\n{head}\n{answer.cookies.output()}\n{text_of(answer)}"
    for pattern in VARYING:
        whole = re.sub(pattern, "…", whole)
    return whole, [re.sub(r"'[^']*'|\d+", "…", query["sql"])[:60] for query in statements]


def walk(start, verify, field, value):
    """Return what somebody sees on her way, and how much the database was asked."""
    visitor = Browser()
    seen = []
    steps = [
        lambda: visitor.get(start),
        lambda: visitor.submit(start, {field: value}),
        lambda: visitor.get(verify),
        lambda: visitor.submit(start, {field: value}),
        lambda: visitor.submit(verify, {"code": "000000"}),
        lambda: visitor.submit(verify, {"code": ""}),
        lambda: visitor.get(start),
        *[lambda: visitor.submit(verify, {"code": "000000"})] * 4,
        lambda: visitor.get(verify),
        lambda: visitor.submit(start, {field: value}),
    ]
    for step in steps:
        memo.forget()
        with CaptureQueriesContext(connection) as queries:
            answer = step()
        seen.append(snapshot(answer, queries.captured_queries))
    return seen


@pytest.mark.parametrize("kind", [email, phone])
@pytest.mark.parametrize("mode", ["open", "closed"])
@pytest.mark.parametrize("who", ["unknown", "inactive", "staff"])
def test_a_sign_in_looks_the_same_for_everybody(configure, kind, mode, who):
    configure(sign_up_mode=mode)
    mine, theirs = (walk(SIGN_IN, SIGN_IN_VERIFY, "identifier", kind(person)) for person in [who, "known"])
    assert mine == theirs


@pytest.mark.parametrize(("kind", "field"), [(email, "email_address"), (phone, "phone_number")])
@pytest.mark.parametrize("who", ["unknown", "inactive", "staff"])
def test_a_sign_up_looks_the_same_for_everybody(kind, field, who):
    mine, theirs = (walk(SIGN_UP, SIGN_UP_VERIFY, field, kind(person)) for person in [who, "known"])
    assert mine == theirs


def test_the_comparison_would_see_a_difference(configure):
    configure(enumeration_protection=False, sign_up_mode="closed")
    mine, theirs = (walk(SIGN_IN, SIGN_IN_VERIFY, "identifier", email(person)) for person in ["unknown", "known"])
    assert mine != theirs
