"""A database error at each statement in turn: never a session without a used code, never half a user."""

import pytest
from django.contrib.auth import get_user_model
from django.db import (
    DataError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)

from passwordless_otp.flows import sign_in
from passwordless_otp.messaging import dispatch
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import (
    Counter,
    Flow,
    Identifier,
    InstanceSettings,
    Message,
    Verification,
    base,
)
from passwordless_otp.testing import PageJourney
from passwordless_otp.visitor import Visitor
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, started, unlimited

pytestmark = pytest.mark.django_db(transaction=True)
AT_MOST = 60  # statements of a step


class Fault:
    """Fails at one statement, and lets all others pass."""

    def __init__(self, at, message="disk full"):
        self.at, self.message, self.seen = at, message, 0

    def __call__(self, execute, sql, params, many, context):
        self.seen += 1
        if self.seen == self.at:
            raise OperationalError(self.message)
        return execute(sql, params, many, context)


def each_statement(prepare, step):
    """Yield a visitor after `step` with a fault at statement 1, 2, 3 … until there is none left to fail."""
    for at in range(1, AT_MOST):
        visitor = prepare()
        visitor.http.raise_request_exception = False
        fault = Fault(at)
        with connection.execute_wrapper(fault):
            answer = step(visitor)
        yield visitor, answer
        if fault.seen < at:
            assert answer.status_code == 200
            return
    pytest.fail("too many statements")


def sound(visitor):
    """What holds whatever has failed."""
    for user in get_user_model().objects.all():
        assert user.otp_identifiers.exists()
    for flow in Flow.objects.filter(status="complete"):
        assert flow.verifications.get().status == "verified"
        assert flow.user is not None
    if visitor.signed_in:
        pk = visitor.signed_in.removeprefix("user_")
        assert Flow.objects.filter(status="complete", user=pk, verifications__status="verified").exists()


def test_a_sign_in_is_whole_or_not_at_all():
    joined()

    unlimited()

    def prepare():
        Counter.objects.all().delete()
        visitor = ApiVisitor()
        visitor.sign_in(EMAIL, "email_code")
        return visitor

    for visitor, answer in each_statement(prepare, lambda v: v.attempt(newest_code())):
        sound(visitor)
        if answer.status_code != 200:
            assert visitor.signed_in is None


def test_a_sign_up_is_whole_or_not_at_all():
    unlimited()

    def prepare():
        get_user_model().objects.all().delete()
        visitor = ApiVisitor()
        visitor.sign_up(email_address=EMAIL, strategy="email_code")
        return visitor

    for visitor, answer in each_statement(prepare, lambda v: v.attempt(newest_code())):
        sound(visitor)
        assert get_user_model().objects.count() == Identifier.objects.count()
        if answer.status_code == 503 and not Flow.objects.filter(status="complete").exists():
            assert visitor.attempt(newest_code()).status_code == 200


def test_a_prepare_leaves_a_message_with_its_code_or_neither():
    unlimited()
    joined()
    for visitor, answer in each_statement(ApiVisitor, lambda v: v.sign_in(EMAIL, "email_code")):
        assert answer.status_code in {200, 500, 503}
        assert all(verification.messages.exists() for verification in Verification.objects.filter(sends__gt=0))
        sound(visitor)


def test_a_delivery_that_fails_at_any_statement_leaves_a_message_that_says_so():
    joined()
    ApiVisitor().sign_in(EMAIL, "email_code")
    for at in range(1, AT_MOST):
        Message.objects.update(status="pending", error_code="")
        memory.sent.clear()
        message, fault = Message.objects.with_flow().get(kind="sign_in"), Fault(at)
        with connection.execute_wrapper(fault):
            dispatch.submit(message)
        message.refresh_from_db()
        if fault.seen < at:
            break
        assert message.status in {"pending", "sending", "failed", "sent"}
        assert len(memory.sent) <= 1
        if message.status in {"pending", "failed"}:
            assert not memory.sent
    assert message.status == "sent"


@pytest.mark.parametrize("busy", ["database is locked", "database table is locked: passwordless_otp_flow"])
def test_a_busy_database_is_tried_again(busy):
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    code, fault = newest_code(), Fault(6, busy)
    with connection.execute_wrapper(fault):
        assert visitor.attempt(code).status_code == 200
    assert fault.seen > fault.at


def test_a_database_that_stays_busy_is_503(monkeypatch):
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")

    def busy(*_args, **_changes):
        raise OperationalError("database is locked")

    monkeypatch.setattr(Flow, "touch", busy)
    answer = visitor.attempt(newest_code())
    assert (answer.status_code, errors(answer)) == (503, ["service_unavailable"])
    assert Verification.objects.get(flow__purpose="sign_in").tries == 0


MISSING = (OperationalError, "no such table: passwordless_otp_flow")
RELATION = (ProgrammingError, 'relation "passwordless_otp_flow" does not exist\nLINE 1: SELECT jane@example.com')
LASTING = [
    MISSING,
    RELATION,
    (IntegrityError, "FOREIGN KEY constraint failed"),
    (DataError, "bad jane@example.com"),
]
PASSING = [(OperationalError, "server closed the connection")]


@pytest.mark.parametrize(("kind", "text"), [*LASTING, *PASSING])
@pytest.mark.parametrize("journey", [ApiVisitor, PageJourney])
def test_fault_that_lasts_is_told_apart_and_logged_with_its_cause(journey, kind, text, monkeypatch, caplog):
    def fail(*_args, **_options):
        raise kind(text)

    joined()
    visitor = journey()
    visitor.sign_in(EMAIL, **({"strategy": "email_code"} if journey is ApiVisitor else {}))
    monkeypatch.setattr(Flow, "touch", fail)
    answer = visitor.attempt(newest_code())
    assert answer.status_code == 503
    lasts = (kind, text) in LASTING
    assert ("Try again in a moment" in answer.content.decode()) != lasts
    assert ("trying again will not help" in answer.content.decode()) == lasts
    assert ("Retry-After" in answer.headers) != lasts
    [line] = [record.getMessage() for record in caplog.records if "service_unavailable" in record.getMessage()]
    assert kind.__name__ in line
    assert EMAIL not in line
    assert ("passwordless_otp_flow" in line) == ("passwordless_otp_flow" in text)


def test_login_that_a_broken_module_stops_is_told_as_a_fault_that_lasts(monkeypatch, caplog):
    def fail(*_args, **_options):
        raise ImportError("nowhere")

    joined()
    visitor = started()
    monkeypatch.setattr("django.contrib.auth.login", fail)
    answer = visitor.attempt(newest_code())
    assert answer.status_code == 503
    assert "trying again will not help" in answer.content.decode()
    assert "nowhere" in caplog.text


@pytest.mark.parametrize("identifier", [EMAIL, "nobody@example.com"])
def test_backend_that_can_not_be_imported_is_told_as_a_fault_that_lasts(settings, caplog, identifier):
    joined()
    unlimited(enumeration_protection=True)
    visitor = started(identifier)
    settings.AUTHENTICATION_BACKENDS = ["nowhere.Backend", *settings.AUTHENTICATION_BACKENDS]
    answer = visitor.attempt("123456")
    assert answer.status_code == 503
    assert "trying again will not help" in answer.content.decode()
    assert "nowhere.Backend, which can't be imported" in caplog.text


def test_a_step_inside_a_transaction_of_somebody_else_is_refused_before_anything_is_counted():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    flow = Flow.objects.get(status="open")
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        sign_in.attempt(
            InstanceSettings.current(),
            flow,
            Visitor("x", "y", ""),
            flow.known_verifications[0].identifier.kind.strategy,
            "000000",
        )
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        base.durable(Flow).__enter__()
    assert Verification.objects.get(flow__purpose="sign_in").tries == 0
