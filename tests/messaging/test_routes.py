"""The providers of a channel, one after the other: who is asked and what the row says."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from passwordless_otp.messaging import deliver
from passwordless_otp.messaging.backends.base import Refused, Unavailable, Unclear
from passwordless_otp.models import Message, ProviderHealth, Verification
from tests.messaging import providers
from tests.visitor import EMAIL, ApiVisitor, operate, started

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def chain(settings):
    """Two providers: the name of each is what stands in its options."""
    providers.forget()
    entries = [providers.entry("first"), providers.entry("second", "tests.messaging.providers.Second")]
    use(settings, entries)


def use(settings, entries, **more):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DELIVERY": {"email": entries}, **more}


def ask():
    visitor = ApiVisitor()
    assert visitor.sign_up(email_address=EMAIL, strategy="email_code").status_code == 200
    return visitor


def in_time(pk):
    """Deliver it as if it were due."""
    Message.objects.filter(pk=pk, status="pending").update(next_try_at=None)
    return deliver.run_job(pk)


def code():
    return providers.asked[-1][1]


def who():
    return [name for name, _code in providers.asked]


def row():
    message = Message.objects.get()
    return message.status, message.backend.rpartition(".")[2], message.error_code, message.delivery_tries


FAULTS = [
    (None, ["first"], ("sent", "Provider", "", 1)),
    (Refused("bad number"), ["first"], ("failed", "Provider", "bad number", 1)),
    (Refused("no credit", elsewhere=True), ["first", "second"], ("sent", "Second", "", 1)),
    (Unavailable("503"), ["first", "second"], ("sent", "Second", "", 1)),
    (Unclear("timeout"), ["first"], ("unknown", "Provider", "timeout", 1)),
    (ZeroDivisionError(), ["first"], ("unknown", "Provider", "ZeroDivisionError", 1)),
]


@pytest.mark.parametrize(("fault", "asked", "after"), FAULTS, ids=lambda value: repr(value)[:20])
def test_next_provider_is_tried_only_if_nothing_can_have_gone_out(fault, asked, after):
    if fault:
        providers.does["first"] = fault
    visitor = ask()
    assert (who(), row()) == (asked, after)
    assert visitor.attempt(code()).status_code == 200


@pytest.mark.parametrize(
    ("first", "second", "after"),
    [
        (Unavailable("a"), Unavailable("b"), ("pending", "Second", "b", 1)),
        (Unavailable("a"), Refused("b", elsewhere=True), ("pending", "Provider", "a", 1)),
        (Refused("a", elsewhere=True), Unavailable("b"), ("pending", "Second", "b", 1)),
        (Refused("a", elsewhere=True), Refused("b", elsewhere=True), ("failed", "Second", "b", 1)),
        (Unavailable("a"), Refused("b"), ("failed", "Second", "b", 1)),
        (Unavailable("a"), Unclear("b"), ("unknown", "Second", "b", 1)),
    ],
)
def test_message_that_no_provider_takes_is_pending_or_failed(first, second, after):
    providers.does.update(first=first, second=second)
    ask()
    assert (who(), row()) == (["first", "second"], after)


def test_message_is_tried_three_times_with_growing_waits_and_then_fails():
    providers.does.update(first=Unavailable("a"), second=Unavailable("b"))
    ask()
    message = Message.objects.get()
    for low, high in [(1, 3), (5, 15)]:
        ProviderHealth.objects.all().delete()
        wait = (message.next_try_at - message.claimed_at).total_seconds()
        assert low <= wait <= high + 1
        in_time(message.pk)
        message.refresh_from_db()
    assert (message.status, message.delivery_tries, message.next_try_at) == ("failed", 3, None)
    in_time(message.pk)
    assert len(providers.asked) == 6


def test_retry_waits_are_random():
    providers.does.update(first=Unavailable("a"), second=Unavailable("b"))
    ask()
    message, waits = Message.objects.get(), set()
    for _ in range(8):
        ProviderHealth.objects.all().delete()
        Message.objects.update(status="pending", delivery_tries=0)
        waits.add(in_time(message.pk) - timezone.now())
    assert len({round(wait.total_seconds(), 1) for wait in waits}) > 1


def test_retry_that_succeeds_is_sent_once():
    providers.does.update(first=Unavailable("a"), second=Unavailable("b"))
    visitor = ask()
    providers.forget()
    message = Message.objects.get()
    assert in_time(message.pk) is None
    assert in_time(message.pk) is None
    assert (who(), row()) == (["first"], ("sent", "Provider", "", 2))
    assert visitor.attempt(code()).status_code == 200


def test_message_is_not_tried_again_too_late_for_its_code():
    operate(code_life=60)
    providers.does.update(first=Unavailable("a"), second=Unavailable("b"))
    ask()
    Message.objects.update(status="pending")
    Verification.objects.update(expires_at=timezone.now() + timedelta(seconds=22))
    assert in_time(Message.objects.get().pk) is None
    assert row() == ("failed", "Second", "b", 2)


def test_replaced_code_is_not_sent_again():
    providers.does.update(first=Unavailable("a"), second=Unavailable("b"))
    ask()
    Verification.objects.update(generation=7)
    providers.forget()
    in_time(Message.objects.get().pk)
    assert (who(), row()[0]) == ([], "suppressed")


def test_provider_whose_codes_are_shorter_is_passed_over(settings):
    use(settings, [providers.entry("short", "tests.messaging.providers.Short"), providers.entry("second")])
    ask()
    assert who() == ["second"]


def test_provider_that_can_not_be_built_is_passed_over(settings):
    use(settings, [{"BACKEND": "nowhere.Backend"}, providers.entry("second")])
    ask()
    assert (who(), row()) == (["second"], ("sent", "Provider", "", 1))


def test_one_class_twice_is_two_providers(settings):
    use(settings, [providers.entry("first"), providers.entry("second")])
    providers.does["first"] = Unavailable("503")
    ask()
    assert Message.objects.get().backend == f"{providers.PATH}#2"
    assert list(ProviderHealth.objects.values_list("name", "failures")) == [(providers.PATH, 1)]


def test_log_holds_the_provider_error_and_not_the_code(settings, caplog):
    use(settings, [providers.entry("first")])
    with caplog.at_level(logging.DEBUG):
        providers.does["first"] = Unavailable("503")
        ask()
    assert code() not in caplog.text
    assert "503" in caplog.text


@pytest.mark.parametrize("times", [1, 3])
def test_provider_is_told_once_that_the_code_was_used(settings, times):
    use(settings, [providers.entry("first", "tests.messaging.providers.OutcomeReporting")])
    reported = providers.OutcomeReporting.reported_outcomes
    reported.clear()
    visitor = ask()
    for _ in range(times):
        visitor.attempt(code())
    assert reported == [("first", True)]


def test_provider_is_told_of_a_sign_in_too(settings):
    ask().attempt(code())
    use(settings, [providers.entry("first", "tests.messaging.providers.OutcomeReporting")])
    providers.OutcomeReporting.reported_outcomes.clear()
    assert started().attempt(code()).status_code == 200
    assert providers.OutcomeReporting.reported_outcomes[0] == ("first", True)


def test_provider_is_told_that_the_code_will_not_be_used(settings):
    use(settings, [providers.entry("first", "tests.messaging.providers.OutcomeReporting")])
    operate(max_tries=2)
    reported = providers.OutcomeReporting.reported_outcomes
    reported.clear()
    visitor = ask()
    wrong = "000000" if code() != "000000" else "111111"
    visitor.attempt(wrong)
    assert reported == []
    visitor.attempt(wrong)
    assert reported == [("first", False)]


def test_failed_outcome_report_keeps_nobody_from_signing_in(settings, caplog):
    use(settings, [providers.entry("first", "tests.messaging.providers.OutcomeReporting")])
    visitor = ask()
    providers.does["report_outcome"] = ConnectionError("code")
    assert visitor.attempt(code()).status_code == 200
    assert "was not reported to" in caplog.text
