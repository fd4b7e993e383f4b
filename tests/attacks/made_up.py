"""Requests made up from docs/openapi.yaml, with likely values among them, and how they are sent."""

from contextlib import contextmanager
from http.cookies import SimpleCookie

import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import settings_cache
from tests.visitor import EMAIL, PHONE
from tools.openapi import document

# Stand for what is only known when the request goes out.
MINE, CODE = "my-own-id", "the-newest-code"
NOBODY = "nobody@example.com"
FITTING = [
    {"identifier": EMAIL, "email_address": EMAIL, "strategy": "email_code", "code": CODE},
    {"identifier": PHONE, "phone_number": PHONE, "strategy": "phone_code", "code": CODE},
    {"identifier": NOBODY, "strategy": "email_code", "code": CODE, "sign_up_if_missing": True},
    {"strategy": "email_code", "transfer": True},
]
LIKELY = {
    "identifier": [EMAIL, PHONE, NOBODY],
    "email_address": [EMAIL, NOBODY],
    "phone_number": [PHONE],
    "strategy": ["email_code", "phone_code"],
    "code": [CODE, "123456"],
    "unsafe_metadata": ["{}", '{"plan": [1]}'],
    "username": ["jane"],
}
ORIGIN = {"Origin": "http://localhost"}
CONFIG = {
    "seed": 1,
    "phases": {
        "coverage": {"enabled": False},  # each header alone and wrong: nothing gets past Origin
    },
}


def no_store(ctx, response, case):
    """Nobody may keep an answer, not a refusal either."""
    assert response.headers.get("cache-control") == ["no-store"]


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    no_store,
]


def bounded(examples):
    """Settings for this many examples, the same ones each time."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def api():
    """Return the API as the file describes it, with likely values mixed into what is made up."""
    described = schemathesis.openapi.from_path(document.PATH, config=schemathesis.Config.from_dict(CONFIG))
    described.app = WSGIHandler()

    @described.hook
    def before_generate_body(context, strategy):
        likely = {name: st.sampled_from(values) for name, values in LIKELY.items()}
        some = st.sampled_from(FITTING) | st.fixed_dictionaries({}, optional=likely)
        return st.tuples(strategy, some).map(lambda both: mixed(*both))

    @described.hook
    def before_generate_path_parameters(context, strategy):
        mine = st.just({"id": MINE})
        return mine | mine | strategy if "{id}" in context.operation.path else strategy

    @described.hook
    def before_generate_headers(context, strategy):
        return st.integers(0, 5).flatmap(lambda n: strategy if n == 5 else st.just(ORIGIN))

    return described


def mixed(made, likely):
    return {**made, **likely} if isinstance(made, dict) else made


def send(case, browser):
    """Send it as this browser would, check the answer, and keep what it sets."""
    fill_in(case, browser.ids)
    cookies = {name: cookie.value for name, cookie in browser.jar.items() if cookie.value}
    answer = case.call_and_validate(cookies=cookies, checks=CHECKS)
    for line in answer.headers.get("set-cookie", []):
        browser.jar.load(line)
    browser.ids |= ids_in(answer.json().get("client") or {})
    return answer


def as_meant(case, person):
    """Make it what this person would send at this step."""
    case.headers = ORIGIN
    case.path_parameters = {"id": MINE} if "{id}" in case.path else {}
    case.body = dict(person) if case.media_type else case.body


def ids_in(client):
    """Return the ids that this client has, by the path that takes them."""
    flows = {f"{purpose}s": (client.get(purpose) or {}).get("id") for purpose in ["sign_in", "sign_up"]}
    ids = {**flows, "sessions": client.get("last_active_session_id")}
    return {name: each for name, each in ids.items() if each}


def fill_in(case, ids):
    """Put in what stands for the browser's own id, and for the newest code that was sent."""
    if (case.path_parameters or {}).get("id") == MINE:
        case.path_parameters = {"id": ids.get(case.path.split("/")[3], "none")}
    if isinstance(case.body, dict) and case.body.get("code") == CODE and memory.sent:
        newest = memory.sent[-1]
        strategy = next(kind.strategy for kind in Kind if kind.channel == newest.channel)
        case.body = {**case.body, "code": newest.code, "strategy": strategy.value}


@contextmanager
def undone():
    """Undo what the requests in here do, on one connection, as Django's TestCase and Client do."""
    step = transaction.atomic()
    step._from_testcase = True  # what is durable may run inside
    for signal in [request_started, request_finished]:
        signal.disconnect(close_old_connections)
    try:
        with step:
            yield
            transaction.set_rollback(True)
    finally:
        settings_cache.clear()
        for signal in [request_started, request_finished]:
            signal.connect(close_old_connections)


class PageVisitor:
    """Its cookies, and the ids that it was told."""

    def __init__(self, visitor=None):
        self.jar, self.ids = SimpleCookie(), {}
        if visitor is not None:
            self.jar.load(visitor.http.cookies.output(header="", sep=";"))
            self.ids = ids_in(visitor.get("client").json()["client"] or {})
