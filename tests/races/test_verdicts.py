"""A cap of five is five, and a code signs in once, under any number of parallel requests."""

import threading
import time
from collections import Counter

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from django.db.models import F

from passwordless_otp import codes
from passwordless_otp.errors import CodeIncorrect, VerificationFailed
from passwordless_otp.flows import check_code
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.rate_limits import windows
from tests.races.threads import logins, together
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, operate, wrong

pytestmark = pytest.mark.django_db(transaction=True)

THREADS = 60
CAP = 5
BEYOND_LIMITS = {"too_many_requests", "verification_expired"}  # too many at once, or the code had to be longer
CHECK = "passwordless_otp_verification_tries"


@pytest.fixture
def visitor():
    joined()
    Session.objects.all().delete()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    return visitor


def attempts(visitor, code):
    """60 attempts of one browser at once: how often each outcome came."""

    def one():
        answer = visitor.twin().attempt(code)
        return "signed in" if answer.status_code == 200 else errors(answer)[0]

    return Counter(together([one] * THREADS))


@pytest.fixture
def verdicts(monkeypatch):
    """Every verdict given."""
    given = []
    judge = Verification.judge

    def counted(self, *given_to, **outcome):
        given.append(judge(self, *given_to, **outcome))
        return given[-1]

    monkeypatch.setattr(Verification, "judge", counted)
    return given


def failures():
    """The wrong codes that stand against the IP address: a payment that was not used came back."""
    return windows.totals(windows.bucket_for(InstanceSettings.current(), "ip_failures", "127.0.0.1"))[0]


def test_of_60_wrong_codes_exactly_5_get_a_verdict(visitor, requests_atomic, verdicts):
    outcomes = attempts(visitor, wrong(newest_code()))
    assert sum(verdicts) == CAP
    assert set(outcomes) <= {"form_code_incorrect", "verification_failed"}
    assert outcomes["form_code_incorrect"] < CAP
    assert Verification.objects.get(flow__purpose="sign_in").tries == failures() == CAP
    assert errors(visitor.attempt(newest_code())) == ["verification_failed"]


def test_of_60_wrong_codes_within_the_limits_that_come_no_more_get_a_verdict(visitor, verdicts):
    operate(limits={}, tracked_only=[])
    outcomes = attempts(visitor, wrong(newest_code()))
    assert 1 <= sum(verdicts) <= CAP
    assert Verification.objects.get(flow__purpose="sign_in").tries == failures() == sum(verdicts)
    assert set(outcomes) <= {"form_code_incorrect", "verification_failed", *BEYOND_LIMITS}


def one_signs_in(visitor, refusals=frozenset()):
    with logins() as counted:
        outcomes = attempts(visitor, newest_code())
    assert outcomes["signed in"] == 1
    assert set(outcomes) <= {"signed in", "verification_already_verified", "resource_not_found", *refusals}
    assert len(counted) == 1
    assert failures() == 0
    assert get_user_model().objects.count() == 1
    assert Flow.objects.filter(purpose="sign_in", status="complete").count() == 1


def test_of_60_right_codes_one_signs_in(visitor, requests_atomic):
    one_signs_in(visitor)
    assert Session.objects.count() == 1


def test_of_60_right_codes_one_signs_in_within_the_limits_that_come(visitor):
    operate(limits={}, tracked_only=[])
    one_signs_in(visitor, BEYOND_LIMITS)
    assert Session.objects.count() == 1


def test_of_60_right_codes_one_signs_in_with_sessions_in_cookies(visitor, settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    one_signs_in(visitor)


def test_right_and_wrong_codes_together_stay_within_the_cap(visitor, verdicts):
    right, off = newest_code(), wrong(newest_code())
    steps = [lambda code=code: visitor.twin().attempt(code).status_code for code in [right, *[off] * 9] * 6]
    assert set(together(steps)) <= {200, 400, 404, 422}
    verification = Verification.objects.get(flow__purpose="sign_in")
    assert sum(verdicts) == verification.tries <= CAP
    assert verification.status in {"verified", "failed"}
    assert Session.objects.count() == (verification.status == "verified")


def test_negative_control_check_then_save_gives_more_than_5_verdicts(visitor, monkeypatch):
    """What this package does not do: look at the count, compare, then save the count.

    The barrier stands for the moment between the look and the save, in which all of them may come along.
    """
    moment = threading.Barrier(THREADS)

    def naive(settings, policy, verification, code, limits):
        if verification.tries >= verification.max_tries:
            raise VerificationFailed
        moment.wait(30)
        assert not codes.match(verification.code(), code)
        verification.tries += 1
        verification.save(update_fields=["tries"])
        raise CodeIncorrect(compared=verification.pk)

    monkeypatch.setattr(check_code, "require_right", naive)
    assert attempts(visitor, wrong(newest_code())) == {"form_code_incorrect": THREADS}


def wait_for_locks(number):
    """Return when that many statements of others wait for a lock."""
    for _ in range(300):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0] >= number:
                return
        time.sleep(0.1)
    pytest.fail("they do not wait")


@pytest.mark.postgres
def test_negative_control_a_join_in_the_verdict_gives_more_than_5_verdicts(visitor):
    """What PostgreSQL does not look at again after waiting for a row: what Django puts into a subquery."""
    joined_to_flow = Verification.objects.filter(tries__lt=CAP, flow__status="open", flow__purpose="sign_in")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE passwordless_otp_verification DROP CONSTRAINT {CHECK}")
    verdicts = []
    naive = [lambda: verdicts.append(joined_to_flow.update(tries=F("tries") + 1))] * THREADS
    threads = threading.Thread(target=together, args=[naive])
    try:
        with transaction.atomic():  # all of them wait for the row, until this ends
            joined_to_flow.update(tries=0)
            threads.start()
            wait_for_locks(THREADS)
        threads.join(60)
    finally:
        Verification.objects.all().delete()
        with connection.cursor() as cursor:
            check = f"ADD CONSTRAINT {CHECK} CHECK (tries <= max_tries)"
            cursor.execute(f"ALTER TABLE passwordless_otp_verification {check}")
    assert sum(verdicts) > CAP
