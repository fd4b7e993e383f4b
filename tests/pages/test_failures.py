"""When the database fails, and where a site wraps its requests in transactions."""

import pytest
from django.db import DatabaseError, OperationalError, connection

from passwordless_otp.models import Verification, settings_cache
from tests.pages.conftest import (
    EMAIL,
    SIGN_IN,
    SIGN_IN_VERIFY,
    SIGN_UP,
    PageVisitor,
    newest_code,
    text_of,
    wrong_code,
)

PATHS = [SIGN_IN, SIGN_IN_VERIFY, SIGN_UP]


def down(execute, sql, params, many, context):
    raise OperationalError("the server has gone away")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["get", "submit"])
def test_without_a_database_the_page_asks_to_try_again(visitor, path, method):
    visitor.ask()
    settings_cache.clear()
    with connection.execute_wrapper(down):
        page = getattr(visitor, method)(path, {"identifier": EMAIL, "code": "123456", "next": "/x"})
    assert page.status_code == 503
    assert page["Retry-After"] == "1"
    assert page["Cache-Control"] == "no-store"
    assert "Try again in a moment." in text_of(page)
    assert f'href="{path}?next=%2Fx"' in text_of(page)


def test_a_failure_at_any_statement_is_no_500_and_no_session(visitor, make_user):
    make_user(EMAIL)
    visitor.ask()
    for number in range(3):

        def fail(execute, sql, params, many, context, left=[number]):  # noqa: B006
            left[0] -= 1
            if left[0] < 0:
                raise DatabaseError("lost")
            return execute(sql, params, many, context)

        settings_cache.clear()
        with connection.execute_wrapper(fail):
            assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()}).status_code == 503
    assert not visitor.user_id


@pytest.mark.django_db(transaction=True)
def test_a_wrong_code_costs_its_try_also_under_atomic_requests(settings):
    visitor = PageVisitor()
    visitor.ask()
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert visitor.submit(SIGN_IN_VERIFY, {"code": wrong_code()}).status_code == 422
        assert Verification.objects.get().tries == 1
        assert visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()}).status_code == 303
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False


@pytest.mark.parametrize(
    "engine", ["django.contrib.sessions.backends.signed_cookies", "django.contrib.sessions.backends.cached_db"]
)
def test_any_kind_of_session_will_do(visitor, settings, make_user, engine):
    settings.SESSION_ENGINE = engine
    make_user(EMAIL)
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    assert "You are signed in" in text_of(visitor.get(SIGN_IN))


def test_until_the_login_no_session_is_made(visitor, make_user):
    make_user(EMAIL)
    visitor.get(SIGN_IN)
    visitor.ask()
    visitor.submit(SIGN_IN_VERIFY, {"code": wrong_code()})
    assert "sessionid" not in visitor.cookies


def test_a_login_that_fails_is_told_and_leaves_nobody_signed_in(visitor, make_user):
    from django.contrib.auth import signals

    def fail(**kwargs):
        raise RuntimeError

    make_user(EMAIL)
    visitor.ask()
    signals.user_logged_in.connect(fail)
    try:
        page = visitor.submit(SIGN_IN_VERIFY, {"code": newest_code()})
    finally:
        signals.user_logged_in.disconnect(fail)
    assert page.status_code == 503
    assert not visitor.user_id
