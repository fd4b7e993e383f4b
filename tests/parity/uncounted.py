"""Steps of sign-in and sign-up, and what one of them runs: statements, and calls of functions of the package."""

import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

import passwordless_otp
from passwordless_otp.models import Identifier, InstanceSettings
from tests.pages.conftest import PageVisitor
from tests.rate_limits.rows import another, code_of
from tests.visitor import ApiVisitor

PEOPLE = {"unknown": 0, "known": 1, "known, with two identifiers": 2, "inactive": 3, "staff": 4}
PACKAGE = str(Path(passwordless_otp.__file__).parent)
CONSUMES = "passwordless_otp_counter"
WITHIN_A_FUNCTION = {
    "<listcomp>",
    "<setcomp>",
    "<dictcomp>",
    "<genexpr>",
}  # frames on some versions of Python only
IP = "198.51.100.77"


def add_people():
    model = get_user_model()
    for name, number in PEOPLE.items():
        if name == "unknown":
            continue
        user = model.objects.create_user(
            username=f"p{number}", is_active=name != "inactive", is_staff=name == "staff"
        )
        Identifier.objects.create(user=user, kind="email_address", value=address(name))
        if name == "known, with two identifiers":
            Identifier.objects.create(user=user, kind="phone_number", value="+14155552671")


def address(person):
    return f"p{PEOPLE[person]}@example.com"


def private_tables():
    """The tables that no step may read before it has consumed something."""
    return [f'"{model._meta.db_table}"' for model in [get_user_model(), Identifier]]


@dataclass
class Recorded:
    """What one request has run."""

    status: int = 0
    statements: list[str] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)

    def look_ups(self, before_consuming: bool) -> list[str]:
        """Return the statements that touch a private table, all or those before the first that consumes."""
        found = []
        for sql in self.statements:
            if before_consuming and CONSUMES in sql and re.search(r"\bINSERT INTO\b", sql):
                return found
            if any(table in sql for table in private_tables()):
                found.append(sql)
        return found


def record(step) -> Recorded:
    """Run a step and return what it has run. The instance settings are read before: that is once a second."""
    InstanceSettings.current()
    recorded = Recorded()
    before = sys.getprofile()

    def note(frame: Any, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(PACKAGE) and code.co_name not in WITHIN_A_FUNCTION:
            recorded.calls[f"{code.co_filename.removeprefix(PACKAGE)}:{code.co_qualname}"] += 1

    with CaptureQueriesContext(connection) as captured:
        sys.setprofile(note)
        try:
            answer = step()
        finally:
            sys.setprofile(before)
    recorded.status = answer.status_code
    recorded.statements = [query["sql"] for query in captured]
    return recorded


# Each step: what comes before it, and the request that is recorded. Both get a fresh visitor and the identifier.


def _api():
    visitor = ApiVisitor()
    visitor.http.defaults["REMOTE_ADDR"] = IP
    return visitor


def _page():
    return PageVisitor(REMOTE_ADDR=IP)


def _opened(visitor, typed):
    assert visitor.sign_in(typed).status_code == 200


def _asked(visitor, typed):
    answer = visitor.sign_in(typed) if isinstance(visitor, PageVisitor) else visitor.sign_in(typed, "email_code")
    assert answer.status_code in {200, 303}


def _spent(visitor, typed):
    _asked(visitor, typed)
    for _ in range(5):
        _wrong(visitor, typed)


def _signing_up(visitor, typed):
    assert visitor.sign_up(email_address=typed, strategy="email_code").status_code == 200


def _signing_up_on_a_page(visitor, typed):
    assert visitor.sign_up(email_address=typed).status_code == 303


def _signing_up_as_another(visitor, _typed):
    _signing_up(visitor, "another@example.com")


def _wrong(visitor, typed):
    return visitor.attempt(another(code_of(typed)))


def _nothing(visitor, typed):
    pass


@dataclass(frozen=True)
class Step:
    """A request, and what has come before it. `seconds` pass in between, under `limits`."""

    before: Any
    run: Any
    visitor: Any = _api
    seconds: int = 0
    limits: dict[str, int] = field(default_factory=dict)
    reads_nobody: bool = False  # create and prepare of a sign-in: the worker looks up who it is
    refused: bool = False  # by a limit
    is_counted: bool = False  # it consumes more than a step, and may then look up who it is


SIGN_IN = {
    "create": Step(_nothing, lambda v, i: v.sign_in(i), reads_nobody=True),
    "create that sends": Step(_nothing, lambda v, i: v.sign_in(i, "email_code"), reads_nobody=True),
    "create with a sign-up if missing": Step(
        _nothing, lambda v, i: v.sign_in(i, "email_code", sign_up_if_missing=True), reads_nobody=True
    ),
    "the same create": Step(_opened, lambda v, i: v.sign_in(i), reads_nobody=True),
    "the same create that sends": Step(_asked, lambda v, i: v.sign_in(i, "email_code"), reads_nobody=True),
    "create in place of another": Step(
        lambda v, _: _opened(v, "another@example.com"), lambda v, i: v.sign_in(i), reads_nobody=True
    ),
    "create beyond a limit of flows": Step(
        lambda v, _: _opened(_api(), "another@example.com"),
        lambda v, i: v.sign_in(i, "email_code"),
        limits={"ip_flows": 1},
        refused=True,
        reads_nobody=True,
    ),
    "create beyond a limit of messages": Step(
        lambda v, _: _asked(_api(), "another@example.com"),
        lambda v, i: v.sign_in(i, "email_code"),
        limits={"ip_emails": 1},
        refused=True,
        reads_nobody=True,
    ),
    "prepare": Step(_opened, lambda v, _: v.prepare(), reads_nobody=True),
    "prepare within the interval": Step(_asked, lambda v, _: v.prepare(), reads_nobody=True),
    "prepare after the interval": Step(_asked, lambda v, _: v.prepare(), seconds=31, reads_nobody=True),
    "prepare of what is spent": Step(_spent, lambda v, _: v.prepare(), reads_nobody=True),
    "prepare of what has expired": Step(_asked, lambda v, _: v.prepare(), seconds=601, reads_nobody=True),
    "prepare beyond a limit": Step(
        lambda v, i: (_asked(_api(), "another@example.com"), _opened(v, i)),
        lambda v, _: v.prepare(),
        limits={"ip_emails": 1},
        refused=True,
        reads_nobody=True,
    ),
    "attempt: no code": Step(_asked, lambda v, _: v.attempt("x")),
    "attempt: an empty code": Step(_asked, lambda v, _: v.attempt("")),
    "attempt: too short": Step(_asked, lambda v, _: v.attempt("12345")),
    "attempt: too long": Step(_asked, lambda v, _: v.attempt("1234567")),
    "attempt: letters": Step(_asked, lambda v, _: v.attempt("ABCDEF")),
    "attempt: spent": Step(_spent, lambda v, _: v.attempt("123456")),
    "attempt: expired": Step(_asked, lambda v, _: v.attempt("123456"), seconds=601),
    "attempt: nothing was sent": Step(_opened, lambda v, _: v.attempt("123456")),
    "attempt: beyond a limit": Step(
        lambda v, i: (_asked(v, i), _spent(_api(), "another@example.com")),
        lambda v, i: v.attempt("123456"),
        limits={"ip_failures": 1},
        refused=True,
    ),
    "attempt: wrong": Step(_asked, _wrong, is_counted=True),
}  # fmt: skip
SIGN_UP = {
    "create": Step(_nothing, lambda v, i: v.sign_up(email_address=i)),
    "create that sends": Step(_nothing, lambda v, i: v.sign_up(email_address=i, strategy="email_code")),
    "the same create": Step(_signing_up, lambda v, i: v.sign_up(email_address=i)),
    "prepare": Step(lambda v, i: v.sign_up(email_address=i), lambda v, _: v.prepare()),
    "prepare within the interval": Step(_signing_up, lambda v, _: v.prepare()),
    "PATCH of nothing": Step(_signing_up, lambda v, _: v.update()),
    "PATCH of the same": Step(_signing_up, lambda v, i: v.update(email_address=i)),
    "PATCH of another": Step(_signing_up_as_another, lambda v, i: v.update(email_address=i)),
    "PATCH of a name": Step(_signing_up, lambda v, _: v.update(first_name="Jane")),
    "attempt: no code": Step(_signing_up, lambda v, _: v.attempt("x")),
    "attempt: too long": Step(_signing_up, lambda v, _: v.attempt("1234567")),
    "attempt: spent": Step(
        lambda v, i: (_signing_up(v, i), *[_wrong(v, i) for _ in range(5)]), lambda v, _: v.attempt("123456")
    ),
    "attempt: expired": Step(_signing_up, lambda v, _: v.attempt("123456"), seconds=601),
    "attempt: wrong": Step(_signing_up, _wrong, is_counted=True),
}
PAGES = {
    "sign-in": Step(_nothing, lambda v, i: v.sign_in(i), _page, reads_nobody=True),
    "the same sign-in": Step(_asked, lambda v, i: v.sign_in(i), _page, reads_nobody=True),
    "sign-in: no code": Step(_asked, lambda v, _: v.attempt("x"), _page),
    "sign-in: an empty code": Step(_asked, lambda v, _: v.attempt(""), _page),
    "sign-in: wrong": Step(_asked, _wrong, _page, is_counted=True),
    "sign-in: spent": Step(_spent, lambda v, _: v.attempt("123456"), _page),
    "sign-in: expired": Step(_asked, lambda v, _: v.attempt("123456"), _page, seconds=601),
    "sign-up": Step(_nothing, lambda v, i: v.sign_up(email_address=i), _page),
    "the same sign-up": Step(_signing_up_on_a_page, lambda v, i: v.sign_up(email_address=i), _page),
    "sign-up: no code": Step(_signing_up_on_a_page, lambda v, _: v.attempt("x"), _page),
}
STEPS = {
    f"{where}: {name}": step
    for where, steps in {"sign-in": SIGN_IN, "sign-up": SIGN_UP, "pages": PAGES}.items()
    for name, step in steps.items()
}
