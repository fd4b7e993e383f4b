"""How many statements each step costs. Printed with `pytest -s`; a step that grows fails."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from passwordless_otp.models import Identifier, Verification
from tests import hooks
from tests.visitor import EMAIL, ApiVisitor, both_kinds, joined, wrong

pytestmark = pytest.mark.django_db(transaction=True)
UNCOUNTED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")


@pytest.fixture(autouse=True)
def recorder(settings):
    """Delivery happens elsewhere."""
    joined()
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()


def cost(step):
    """Statements of a warm process: the instance settings, and what is read with them, are read once a second."""
    ApiVisitor().get("environment")
    with CaptureQueriesContext(connection) as captured:
        assert step().status_code in {200, 404, 422}
    asked = [query["sql"] for query in captured if not query["sql"].startswith(UNCOUNTED)]
    return sum(
        "instancesettings" not in sql and 'FROM "passwordless_otp_restriction"' not in sql for sql in asked
    )


def attempt(visitor, change=str):
    """The attempt with the newest code, which is worked out before the counting begins."""
    code = change(Verification.objects.order_by("-pk")[0].code())
    return lambda: visitor.attempt(code)


def table():
    visitor, again = ApiVisitor(), ApiVisitor()
    again.sign_in("somebody@example.com")
    yield "sign in: create, send at once, a new browser", 4, lambda: visitor.sign_in(EMAIL, "email_code")
    yield "sign in: the same again", 2, lambda: visitor.sign_in(EMAIL)
    yield "sign in: prepare within the interval", 5, visitor.prepare
    yield "sign in: attempt, wrong", 6, attempt(visitor, wrong)
    yield "sign in: attempt, right, with the login", 9, attempt(visitor)
    yield "sign in: create in place of another", 5, lambda: again.sign_in(EMAIL)
    yield "sign in: prepare", 6, again.prepare
    yield "the open flow", 1, lambda: again.get("client")
    newcomer = ApiVisitor()
    up = {"email_address": "new@example.com", "strategy": "email_code"}
    yield "sign up: create, send at once, a new browser", 4, lambda: newcomer.sign_up(**up)
    yield "sign up: attempt, wrong", 6, attempt(newcomer, wrong)
    yield "sign up: attempt, right, with user and login", 14, attempt(newcomer)
    yield "who am I", 4, lambda: newcomer.get("me")
    yield "environment", 0, lambda: newcomer.get("environment")


def test_each_step_costs_what_it_costs():
    rows = [(name, limit, cost(step)) for name, limit, step in table()]
    for name, limit, spent in rows:
        print(f"{spent:3} (at most {limit:2})  {name}")
    assert [name for name, limit, spent in rows if spent > limit] == []


def test_sign_in_by_email_takes_at_most_14_statements():
    visitor = ApiVisitor()
    assert cost(lambda: visitor.sign_in(EMAIL, "email_code")) + cost(attempt(visitor)) <= 14


def test_the_cost_does_not_grow_with_the_flows_and_identifiers_of_a_user():
    both_kinds()
    user = Identifier.objects.get().user
    few = cost(lambda: ApiVisitor().sign_in(EMAIL, "email_code"))
    for number in range(20):
        value = f"+1415555{number:04}"
        Identifier.objects.create(user=user, kind="phone_number", value=value, primary=False)
        ApiVisitor().sign_in(EMAIL)
    assert cost(lambda: ApiVisitor().sign_in(EMAIL, "email_code")) == few
