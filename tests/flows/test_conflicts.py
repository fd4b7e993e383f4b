"""A conflict at the worst moment: nothing is counted twice, asked twice or lost."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.db import OperationalError, connection

from passwordless_otp import clients
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.flows import lifecycle, sign_in
from passwordless_otp.models import Flow, Verification
from passwordless_otp.models.flows import Purpose
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Bucket
from tests import hooks
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code, operate, started, wrong

pytestmark = pytest.mark.django_db(transaction=True)
DAY = 86_400


class Conflict:
    """Stops the first statements that begin so and hold a text."""

    def __init__(self, beginning, text="", times=1):
        self.beginning, self.text, self.left, self.stopped = beginning, text, times, 0

    def __call__(self, execute, sql, params, many, context):
        if self.left and sql.strip().startswith(self.beginning) and self.text in sql:
            self.left -= 1
            self.stopped += 1
            raise OperationalError("database is locked")
        return execute(sql, params, many, context)


@pytest.mark.parametrize("times", [1, 3])
def test_wrong_code_costs_one_try_at_most_when_the_statement_after_it_conflicts(times):
    joined()
    visitor = started()
    conflict = Conflict('SELECT "passwordless_otp_verification"."status"', times=times)
    with connection.execute_wrapper(conflict):
        answer = visitor.attempt(wrong(newest_code()))
    assert conflict.stopped == times
    assert answer.status_code == (422 if times == 1 else 503)
    assert Verification.objects.latest("pk").tries == (1 if times == 1 else 0)


def test_refused_consume_leaves_nothing_counted_when_its_refund_conflicts():
    full, other = Bucket("full", ("x",), 1, 3600), Bucket("other", ("x",), 10, 3600)
    windows.consume([full])
    conflict = Conflict("INSERT", "CASE WHEN counter")
    with connection.execute_wrapper(conflict), pytest.raises(TooManyRequests):
        windows.consume([full, other])
    assert conflict.stopped == 1
    assert windows.totals(full, other) == [1, 0]


def test_bot_check_is_asked_once_a_request_when_opening_conflicts(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BOT_CHECK": "tests.hooks.human_once"}
    hooks.asked.clear()
    conflict = Conflict('INSERT INTO "passwordless_otp_flow"')
    with connection.execute_wrapper(conflict):
        assert ApiVisitor().sign_in(EMAIL, "email_code").status_code == 200
    assert (conflict.stopped, len(hooks.asked)) == (1, 1)


def test_proof_stays_with_its_browser_when_ending_other_flows_fails():
    operate(first_name="required")
    visitor = ApiVisitor()
    visitor.sign_in("somebody@example.com")
    visitor.sign_up(email_address="new@example.com", strategy="email_code")
    conflict = Conflict('UPDATE "passwordless_otp_flow"', '"purpose" IN', times=3)
    with connection.execute_wrapper(conflict):
        assert visitor.attempt(newest_code("new@example.com")).status_code == 503
    assert conflict.stopped == 3
    assert visitor.read()["verifications"]["email_address"]["status"] == "verified"


def test_retried_step_keeps_its_name_and_docstring():
    assert sign_in.attempt.__name__ == "attempt"
    assert "CodeIncorrect" in sign_in.attempt.__doc__


@pytest.mark.parametrize("purpose", Purpose)
def test_concurrent_flow_is_of_the_same_purpose(purpose):
    visitor = started()
    visitor.sign_up(email_address=EMAIL)
    assert Flow.objects.filter(status="open").count() == 2
    assert lifecycle.concurrent_flow(Flow.objects.first().client, purpose).purpose == purpose


def test_session_of_somebody_else_is_replaced_and_keeps_the_lifetime_of_the_settings():
    operate(session_lifetime_days=1)
    joined()
    visitor = started()
    visitor.http.force_login(get_user_model().objects.create_user("other", password="x"))
    assert visitor.attempt(newest_code()).status_code == 200
    assert visitor.http.session.get_expiry_age() == DAY
    assert clients.SESSION_ID in visitor.http.session


@pytest.fixture
def receiving():
    """Connect receivers of `user_logged_in` for one test."""
    connected = []

    def connect(receiver):
        user_logged_in.connect(receiver)
        connected.append(receiver)

    yield connect
    for receiver in connected:
        user_logged_in.disconnect(receiver)


def test_receiver_may_save_the_session_and_change_it_again(receiving):
    def receiver(request, **_):
        assert request.session.session_key
        request.session["temporary"] = "x"
        request.session.save()
        del request.session["temporary"]

    receiving(receiver)
    joined()
    assert "temporary" not in started_and_signed_in().http.session


def test_what_a_receiver_puts_into_the_session_is_saved(receiving):
    def receiver(request, **_):
        request.session["cart"] = [1]

    receiving(receiver)
    joined()
    assert started_and_signed_in().http.session["cart"] == [1]


def test_lifetime_of_the_settings_wins_over_a_receiver(receiving):
    operate(session_lifetime_days=1)
    receiving(lambda request, **_: request.session.set_expiry(60 * DAY))
    joined()
    assert started_and_signed_in().http.session.get_expiry_age() == DAY


def started_and_signed_in():
    visitor = started()
    assert visitor.attempt(newest_code()).status_code == 200
    return visitor
