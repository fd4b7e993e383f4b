"""A server whose clock goes back by an hour: nobody waits for it, and no limit gets looser."""

import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from passwordless_otp.admin import health
from passwordless_otp.messaging import deliver, recover, thread_pool
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Message, ProviderHealth
from passwordless_otp.models.messages import LONGEST_WAIT
from passwordless_otp.models.provider_health import OPEN_FOR, THRESHOLD
from tests.pages.conftest import SIGN_IN_VERIFY, PageVisitor
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, errors, joined, newest_code, operate, started

pytestmark = pytest.mark.django_db
HOUR, SECONDS = timedelta(hours=1), timedelta(seconds=10)


@pytest.fixture
def go_back(monkeypatch):
    """Set the clock back."""
    now, seconds = timezone.now, time.time

    def go(ago):
        monkeypatch.setattr(timezone, "now", lambda: now() - ago)
        monkeypatch.setattr(time, "time", lambda: seconds() - ago.total_seconds())

    return go


@pytest.mark.parametrize(("ago", "messages"), [(HOUR, 2), (SECONDS, 1)])
def test_message_is_sent_again_at_once_and_then_the_interval_holds(go_back, ago, messages):
    joined()
    memory.sent.clear()
    visitor = started()
    go_back(ago)
    assert (visitor.read()["first_factor_verification"]["resend_at"] is None) == (messages == 2)
    for _ in range(3):
        assert visitor.prepare().status_code == 200
    assert len(memory.sent) == messages
    assert visitor.read()["first_factor_verification"]["resend_at"] is not None


def test_code_page_counts_down_to_no_message_of_the_future(go_back):
    visitor = PageVisitor()
    visitor.sign_in(EMAIL)
    assert visitor.get(SIGN_IN_VERIFY).context["wait"] > 0
    go_back(HOUR)
    assert visitor.get(SIGN_IN_VERIFY).context["wait"] == 0


def test_code_that_was_asked_for_last_is_the_newest(go_back):
    both_kinds(enumeration_protection=False)
    user = joined() and get_user_model().objects.get()
    Identifier.objects.create(user=user, kind="phone_number", value=PHONE)
    visitor = started()
    go_back(HOUR)
    assert visitor.read()["first_factor_verification"]["strategy"] == "email_code"
    assert visitor.prepare("phone_code").status_code == 200
    assert visitor.read()["first_factor_verification"]["strategy"] == "phone_code"


def test_limits_stay_as_full_as_they_were(go_back):
    operate(limits={"ip_flows": 1})
    started()
    go_back(HOUR)
    assert errors(ApiVisitor().sign_in("other@example.com", "email_code")) == ["too_many_requests"]


def test_nobody_is_signed_out_and_the_code_still_works(go_back):
    visitor, other = joined(), started()
    go_back(HOUR)
    assert visitor.signed_in
    assert other.attempt(newest_code()).json()["response"]["status"] == "complete"


def waiting(**fields):
    started("somebody@example.com")
    Message.objects.update(**fields)
    return Message.objects.get()


@pytest.mark.parametrize(("ahead", "is_due"), [(HOUR, True), (SECONDS, False)])
def test_message_whose_next_try_is_too_far_away_is_due(ahead, is_due):
    message = waiting(status="pending", next_try_at=timezone.now() + ahead)
    assert recover.due(10) == [str(message.pk)] * is_due
    assert Message.objects.claim(message.pk) == is_due


@pytest.mark.parametrize(("ahead", "lost"), [(HOUR, 1), (SECONDS, 0)])
def test_message_that_was_claimed_in_the_future_was_left_unfinished(ahead, lost):
    waiting(status="sending", claimed_at=timezone.now() + ahead)
    assert recover.mark_unknown() == lost


@pytest.mark.parametrize(("ahead", "warnings"), [(HOUR, 1), (SECONDS, 0)])
def test_admin_warns_of_a_message_that_has_waited_since_before(ahead, warnings):
    waiting(status="pending", next_try_at=None, created_at=timezone.now() + ahead)
    assert len(health._waiting_warning()) == warnings


@pytest.mark.parametrize(("ahead", "is_tried"), [(HOUR, True), (SECONDS, False)])
def test_provider_is_tried_again_by_one_message(ahead, is_tried):
    until = timezone.now() + ahead
    ProviderHealth.objects.create(name="first", failures=THRESHOLD, open_until=until)
    assert len(list(health._provider_warnings())) == (not is_tried)
    now = timezone.now()
    assert ProviderHealth.objects.first_admission(["first"], now) == (now if is_tried else until)
    assert [ProviderHealth.objects.admits("first") for _ in range(2)] == [is_tried, False]


def test_thread_waits_no_longer_than_any_retry_does(monkeypatch):
    waits = []
    queue = SimpleNamespace(add=lambda job, seconds: waits.append(seconds))
    monkeypatch.setattr(deliver, "run_job", lambda job: timezone.now() + HOUR)
    monkeypatch.setattr(thread_pool, "connections", SimpleNamespace(close_all=lambda: None))
    thread_pool._deliver(queue, thread_pool.Job("job", "/"))
    assert waits == [LONGEST_WAIT.total_seconds()]
    assert OPEN_FOR + timedelta(seconds=max(high for _low, high in deliver.RETRY_WAITS)) <= LONGEST_WAIT
