"""Count the SQL statements and transaction controls of each step of a sign-in."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from tools.site import package, visitors
from tools.site.visitors import ApiVisitor

CONTROLS = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE")
CREATE, ATTEMPT, RETURNING = "create", "attempt", "attempt, security notice due"


@dataclass(frozen=True)
class Cost:
    """SQL statements, and BEGIN, COMMIT, ROLLBACK, SAVEPOINT and RELEASE apart from them."""

    statements: int
    controls: int

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(self.statements + other.statements, self.controls + other.controls)


def count(step: Callable[[], object]) -> Cost:
    """Return what this call costs, apart from reading the instance settings, which happens once a second."""
    package.save_settings()
    with CaptureQueriesContext(connection) as captured:
        step()
    return cost_of(query["sql"] for query in captured.captured_queries)


def cost_of(queries: Iterable[str]) -> Cost:
    """Return the cost of these queries."""
    controls = [query.lstrip().upper().startswith(CONTROLS) for query in queries]
    return Cost(controls.count(False), controls.count(True))


def count_steps(dispatch: str) -> dict[str, Cost]:
    """Return the costs of a sign-in with this DISPATCH. Needs tables without users; leaves rows behind.

    `CREATE` and `ATTEMPT` are a user's first sign-in. `RETURNING` is the attempt of the same user in a second
    browser, after which a security notice is sent.
    """
    package.add_users(0, 2)
    other, user = visitors.email_of(0), visitors.email_of(1)
    with override_settings(
        PASSWORDLESS_OTP={**settings.PASSWORDLESS_OTP, "DISPATCH": dispatch, "TRUSTED_PROXIES": 1}
    ):
        for _ in range(2):
            _sign_in(other)  # loads modules and templates, for both kinds of sign-in
        created, attempted = _sign_in(user)
        _, returning = _sign_in(user)
    return {CREATE: created, ATTEMPT: attempted, RETURNING: returning}


def _sign_in(email: str) -> tuple[Cost, Cost]:
    visitor = ApiVisitor(email, visitors.InProcess(visitors.new_ip()))
    created = count(visitor.create)
    code = package.newest_code(email)
    return created, count(lambda: visitor.attempt(code))
