"""Known, unknown, inactive and staff identifiers answer alike: status, body, headers, cookies, statements."""

import json
import re

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from passwordless_otp import outbox
from passwordless_otp.identifiers import mask, parse
from passwordless_otp.models import Identifier, Message, Verification
from tests import hooks
from tests.delivery import providers
from tests.visitor import Visitor, both_kinds, operate, wrong

pytestmark = pytest.mark.django_db

PEOPLE = {
    "known": {"is_active": True},
    "inactive": {"is_active": False},
    "staff": {"is_staff": True},
    "superuser": {"is_superuser": True},
}
# What differs between any two answers, and says nothing: ids, instants, nonces.
NOISE = re.compile(r"(sia|sua|idn|client)_[0-9a-f]{32}|\b1[0-9]{12}\b|[0-9a-f]{32}|2026-[^,]*|\d\d:\d\d:\d\d")


@pytest.fixture(autouse=True)
def recorder(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()


def people(kind):
    both_kinds()
    addresses = {}
    for index, (name, status) in enumerate([*PEOPLE.items(), ("unknown", None)]):
        email, phone = f"p{index}@example.com", f"+1415555267{index}"
        addresses[name] = email if kind == "email_address" else phone
        if status is not None:
            user = get_user_model().objects.create(username=name, **status)
            Identifier.objects.create(user=user, kind=kind, value=addresses[name])
    return addresses


def snapshot(step, address):
    """The answer and its statements, without noise and without the echo."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        answer = step()
    headers = sorted((k, v) for k, v in answer.headers.items() if k != "Content-Length")
    cookies = sorted((name, c["max-age"], c["samesite"]) for name, c in answer.cookies.items())
    text = f"{answer.status_code} {headers} {cookies} {json.dumps(answer.json(), ensure_ascii=False)}"
    shapes = [re.sub(r"'[^']*'|\bs\d+_x\d+|\b\d+\b", "?", query["sql"]) for query in captured]
    echo = {address: "ADDRESS", mask(parse(address, None)): "MASK"}
    for shown, name in echo.items():
        text = text.replace(shown, name)
    return NOISE.sub("NOISE", text), shapes


def steps_of(visitor, address, strategy, **options):
    code = lambda: wrong(Verification.objects.get(value=address).code())  # noqa: E731
    yield lambda: visitor.sign_in(address, **options)
    yield lambda: visitor.prepare(strategy)
    yield visitor.prepare
    yield lambda: visitor.attempt(code(), strategy)
    yield lambda: visitor.attempt("1", strategy)
    for _ in range(5):
        yield lambda: visitor.attempt(code(), strategy)
    yield lambda: visitor.get(f"client/sign_ins/{visitor.flow}")
    yield lambda: visitor.get("client")
    yield lambda: visitor.sign_in(address, strategy, **options)


@pytest.mark.parametrize(("kind", "strategy"), [("email_address", "email_code"), ("phone_number", "phone_code")])
@pytest.mark.parametrize("options", [{}, {"sign_up_if_missing": True}], ids=["sign-in", "one box"])
def test_every_step_of_a_sign_in_looks_alike(kind, strategy, options):
    shown = {}
    for name, address in people(kind).items():
        visitor = Visitor()
        shown[name] = [snapshot(step, address) for step in steps_of(visitor, address, strategy, **options)]
    for name in [*PEOPLE, "unknown"]:
        for step, (answer, expected) in enumerate(zip(shown[name], shown["known"], strict=True)):
            assert answer == expected, f"{name} differs from known at step {step}"


def test_a_taken_identifier_looks_free_until_it_is_proven():
    shown = {}
    for name, address in people("email_address").items():
        visitor = Visitor()
        steps = [
            lambda v=visitor, a=address: v.sign_up(email_address=a),
            visitor.prepare,
            visitor.prepare,
            lambda v=visitor, a=address: v.attempt(wrong(Verification.objects.get(value=a).code())),
        ]
        shown[name] = [snapshot(step, address) for step in steps]
    assert all(shown[name] == shown["unknown"] for name in shown)


def test_everybody_gets_a_message_row_and_a_dispatch():
    for address in people("phone_number").values():
        visitor = Visitor()
        visitor.sign_in(address, "phone_code")
    assert Message.objects.count() == len(hooks.recorded) == len(PEOPLE) + 1
    assert dict(Message.objects.values_list("kind", "status")) == {
        "sign_in": "pending",
        "not_allowed": "suppressed",
        "no_account": "suppressed",
    }


def test_spent_tries_are_told_to_the_queue_alike_where_a_provider_asks(settings):
    asks = [providers.entry("first", "tests.delivery.providers.Settling")]
    addresses = people("phone_number")
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"sms": asks}}
    operate(max_tries=1)
    told = {}
    for name, address in addresses.items():
        visitor = Visitor()
        visitor.sign_in(address, "phone_code")
        message = Message.objects.order_by("pk").last()
        outbox.deliver(message.pk)
        hooks.recorded.clear()
        visitor.attempt(wrong(message.verification.code()), "phone_code")
        told[name] = hooks.recorded == [str(message.pk)]
    assert told == dict.fromkeys(addresses, True)


def test_negative_control_with_protection_off_they_differ():
    addresses = people("email_address")
    operate(enumeration_protection=False)
    known, unknown = (
        snapshot(lambda a=addresses[name]: Visitor().sign_in(a), addresses[name]) for name in ["known", "unknown"]
    )
    assert known != unknown
