"""Signals and log lines of the events, over API and pages."""

import json
import logging
from contextlib import contextmanager

import pytest
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db import connection
from django.test.utils import CaptureQueriesContext

from passwordless_otp import codes, signals
from passwordless_otp.models import Identifier, Message, Verification
from passwordless_otp.models.instance_settings.limits import LIMITS
from tests.docs.blocks import ROOT
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY, PageVisitor
from tests.rate_limits.rows import elsewhere
from tests.visitor import EMAIL, ApiVisitor, joined, newest_code, operate, started, wrong

pytestmark = pytest.mark.django_db(transaction=True)
OURS = [
    signals.signed_up, signals.signed_in, signals.code_sent, signals.code_rejected, signals.limit_reached,
    signals.code_format_escalated,
]  # fmt: skip


@contextmanager
def listening(*sent_signals):
    """Yield the arguments of each signal received. The receiver refuses a transaction, and raises."""
    heard = []

    def receive(sender, signal, **arguments):
        assert not connection.in_atomic_block
        heard.append(arguments)
        raise RuntimeError("a broken receiver")

    for signal in sent_signals:
        signal.connect(receive)
    yield heard
    for signal in sent_signals:
        signal.disconnect(receive)


def facts_of(record):
    """Return the `extra` of this line."""
    plain = vars(logging.makeLogRecord({}))
    return {name: value for name, value in vars(record).items() if name not in {*plain, "message", "asctime"}}


def lines(caplog, event):
    return [record for record in caplog.records if getattr(record, "event", "") == event]


@pytest.fixture(autouse=True)
def log(caplog):
    caplog.set_level(logging.INFO, "passwordless_otp.events")
    return caplog


def guess(visitor):
    return visitor.attempt(wrong(Verification.objects.order_by("-pk")[0].code()))


def test_sent_code_is_reported(log):
    with listening(signals.code_sent) as heard:
        started(sign_up_if_missing=True)
    message = Message.objects.get()
    assert heard == [{"message": message}]
    assert message.status == "sent"
    [line] = lines(log, "code_sent")
    assert (line.identifier, line.channel, line.kind) == ("j•••@e•••.com", "email", "sign_in")
    assert line.provider == message.backend


def test_code_that_no_provider_has_accepted_is_not_reported(settings):
    chain = [{"BACKEND": "tests.hooks.Raises", "OPTIONS": {"name": "Refused"}}]
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": chain}}
    with listening(signals.code_sent) as heard:
        started(sign_up_if_missing=True)
    assert Message.objects.get().status == "failed"
    assert heard == []


def test_unknown_account_message_is_not_reported_as_code():
    with listening(signals.code_sent) as heard:
        started("nobody@example.com")
    assert Message.objects.get().status == "sent"
    assert heard == []


def test_wrong_code_is_reported_with_request_and_tries(log):
    visitor = started()
    with listening(signals.code_rejected, user_login_failed) as heard:
        guess(visitor)
    failed, rejected = heard
    assert failed["credentials"] == {"username": EMAIL}
    assert rejected["request"].path.endswith("attempt_first_factor")
    assert rejected["verification"] == Verification.objects.get()
    [line] = lines(log, "code_rejected")
    assert (line.identifier, line.tries, line.max_tries) == ("j•••@e•••.com", 1, 5)
    assert line.ip == "127.0.0.1"


def test_each_compared_wrong_code_is_reported_once():
    visitor = started()
    with listening(signals.code_rejected) as heard:
        visitor.attempt("1")
        for _ in range(6):
            visitor.attempt("271828")
    assert [each["verification"].tries for each in heard] == [1, 2, 3, 4, 5]


def test_wrong_code_is_reported_by_both_pages():
    for start, verify, field in [
        (SIGN_IN, SIGN_IN_VERIFY, "identifier"),
        (SIGN_UP, SIGN_UP_VERIFY, "email_address"),
    ]:
        visitor = PageVisitor()
        visitor.submit(start, {field: EMAIL})
        with listening(signals.code_rejected) as heard:
            assert visitor.submit(verify, {"code": wrong(newest_code())}).status_code == 422
        assert [each["request"].path for each in heard] == [verify]


def test_login_failed_signal_has_a_copy_of_the_request_without_the_code():
    visitor = started()
    posted = []

    def receive(request, **_):
        request.axes_locked_out = True
        posted.append((dict(request.POST.items()), request.body, request.path, request.resolver_match.route))

    user_login_failed.connect(receive)
    with listening(signals.code_rejected) as heard:
        path = f"client/sign_ins/{visitor.flow}/attempt_first_factor"
        visitor.post(path, form=True, strategy="email_code", code="271828")
    user_login_failed.disconnect(receive)
    [(form, body, path, route)] = posted
    assert form == {"strategy": "email_code"}
    assert body == b""
    assert path.endswith("attempt_first_factor")
    assert "attempt_first_factor" in route
    assert heard[0]["request"].POST["code"] == "271828"
    assert not hasattr(heard[0]["request"], "axes_locked_out")


def test_receiver_of_login_failed_may_use_messages():
    visitor, shown = started(), []

    def receive(request, **_):
        messages.warning(request, "Mind the gap")
        shown.extend(str(message) for message in messages.get_messages(request))

    user_login_failed.connect(receive)
    visitor.attempt("271828")
    user_login_failed.disconnect(receive)
    assert shown == ["Mind the gap"]


def test_limit_is_reported_with_its_subject_when_it_refuses(log, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    with listening(signals.limit_reached) as heard:
        answers = [ApiVisitor().sign_in(EMAIL, "email_code").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]
    subject = ("email_address", EMAIL)
    expected = {"limit": "identifier_emails", "number": 3, "seconds": 3600, "enforced": True}
    assert heard == [{**expected, "subject": subject}]
    [line] = lines(log, "limit_reached")
    assert line.subject == "email_address j•••@e•••.com"
    assert line.levelno == logging.WARNING


def test_tracked_limit_is_reported_once(log, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    operate(tracked_only=["identifier_emails"])
    with listening(signals.limit_reached) as heard:
        answers = [ApiVisitor().sign_in(EMAIL, "email_code").status_code for _ in range(5)]
    assert answers == [200] * 5
    assert [(each["limit"], each["enforced"]) for each in heard] == [("identifier_emails", False)]


WIDE = {name: limit.high for name, limit in LIMITS.items()}


def rejected(times):
    """Hand in so many wrong codes, each in a flow of its own: a code that is now too short has one try."""
    for _ in range(times):
        guess_any(started())


def guess_any(visitor):
    verification = Verification.objects.order_by("-pk")[0]
    typed = "A" * 13 if verification.alphabet == codes.BASE32 else "7" * verification.length
    assert visitor.attempt(typed).status_code in {400, 422}


def test_escalation_is_reported_once_per_rule(log):
    operate(limits={**WIDE, "identifier_failures": 3, "identifier_failures_per_day": 6})
    with listening(signals.code_format_escalated) as heard:
        rejected(7)
    grown = [(each["limit"], each["scope"], each["length"], each["alphabet"]) for each in heard]
    assert grown == [
        ("identifier_failures", "identifier", 8, codes.DIGITS),
        ("identifier_failures_per_day", "identifier", 13, codes.BASE32),
    ]
    assert {each["identifier"].value for each in heard} == {EMAIL}
    assert [line.identifier for line in lines(log, "code_format_escalated")] == ["j•••@e•••.com"] * 2


def test_escalation_for_the_instance_has_no_identifier():
    operate(
        limits={**WIDE, "instance_failures": 20, "identifier_failures": 50, "identifier_failures_per_day": 100}
    )
    for number in range(4):
        visitor = elsewhere(number)
        visitor.sign_in(f"jane{number}@example.com", "email_code")
        with listening(signals.code_format_escalated) as heard:
            for _ in range(5):
                guess_any(visitor)
    [event] = heard
    assert (event["limit"], event["scope"], event["length"], event["identifier"]) == (
        "instance_failures",
        "instance",
        8,
        None,
    )


def test_tracked_escalation_is_reported_as_a_limit():
    operate(limits={**WIDE, "identifier_failures": 3}, tracked_only=["identifier_failures"])
    with listening(signals.limit_reached, signals.code_format_escalated) as heard:
        rejected(4)
    assert [(each["limit"], each["enforced"]) for each in heard] == [("identifier_failures", False)]


def test_sign_up_is_reported_as_signed_up_and_as_signed_in(log):
    with listening(signals.signed_up) as new, listening(signals.signed_in) as signed_in:
        joined()
    assert [each["user"] for each in new] == [each["user"] for each in signed_in]
    assert Identifier.objects.get().user == new[0]["user"]
    assert [line.purpose for line in lines(log, "signed_in")] == ["sign_up"]


def test_log_lines_have_the_documented_facts_without_code_or_identifier(log):
    operate(limits={**WIDE, "identifier_failures": 3, "identifier_emails": 18})
    joined()
    rejected(4)
    for _ in range(3):
        ApiVisitor().sign_in(EMAIL, "email_code")
    written = ""
    for record in log.records:
        if hasattr(record, "event"):
            facts = facts_of(record)
            assert all(isinstance(value, str | int) for value in facts.values()), facts
            written += record.getMessage() + json.dumps(facts)
    assert {record.event for record in log.records if hasattr(record, "event")} == {
        "signed_up", "signed_in", "code_sent", "code_rejected", "code_format_escalated", "limit_reached",
    }  # fmt: skip
    assert EMAIL not in written
    table = (ROOT / "docs/customizing.md").read_text()
    for record in log.records:
        if hasattr(record, "event"):
            names = ", ".join(f"`{name}`" for name in facts_of(record) if name != "event")
            assert f"| `{record.event}` | {names} |" in table
    assert [
        verification.value
        for verification in Verification.objects.exclude(nonce="")
        if verification.code() in written
    ] == []


@pytest.mark.parametrize("signal", [user_logged_in, signals.signed_in])
@pytest.mark.parametrize("how", ["refresh", "create"])
def test_answer_shows_identifiers_that_a_receiver_has_added(how, signal):
    joined()
    read = []

    def receive(sender, user=None, **given):
        with CaptureQueriesContext(connection) as statements:
            list(user.otp_identifiers.all())
        read.append(len(statements))
        row = {"kind": "email_address", "value": "two@example.com", "primary": False}
        if how == "refresh":
            Identifier.objects.create(user=user, **row)
            user.refresh_from_db()
        else:
            user.otp_identifiers.create(**row)

    signal.connect(receive)
    try:
        answer = started().attempt(newest_code())
    finally:
        signal.disconnect(receive)
    user = answer.json()["client"]["sessions"][0]["user"]
    assert sorted(each["email_address"] for each in user["email_addresses"]) == [EMAIL, "two@example.com"]
    assert read == [0]  # the step has read them
