"""What was proven in a sign-up counts for an hour; then its code is asked for again."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F
from django.utils import timezone

from passwordless_otp.admin.base import VerificationStatusFilter
from passwordless_otp.flows import sign_up
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.models.flows import VerificationStatus, read_flows
from passwordless_otp.visitor import Visitor
from tests.visitor import EMAIL, PHONE, ApiVisitor, both_kinds, errors, joined, later, newest_code, operate, wrong

pytestmark = pytest.mark.django_db
ALMOST, OVER = {"minutes": 59}, {"minutes": 61}


def proven(**needed):
    """A visitor who has proven their address, in a sign-up that needs more."""
    operate(**(needed or {"first_name": "required"}))
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    assert visitor.attempt(newest_code()).json()["response"]["unverified_fields"] == []
    return visitor


def proof(visitor):
    shown = visitor.read()
    return shown["unverified_fields"], shown["verifications"]["email_address"]


def test_proof_counts_for_an_hour_and_then_its_code_is_asked_for_again():
    visitor = proven()
    later(**ALMOST)
    fields, shown = proof(visitor)
    assert (fields, shown["status"], shown["next_action"]) == ([], "verified", "")
    later(minutes=2)
    fields, shown = proof(visitor)
    assert (fields, shown["status"], shown["next_action"]) == (["email_address"], "expired", "needs_prepare")
    assert errors(visitor.attempt(newest_code())) == ["verification_expired"]
    answer = visitor.update(first_name="Jane").json()["response"]
    assert (answer["status"], answer["missing_fields"]) == ("missing_requirements", [])
    assert not get_user_model().objects.exists()

    first = newest_code()
    assert visitor.prepare().json()["response"]["verifications"]["email_address"]["status"] == "unverified"
    assert newest_code() != first
    assert errors(visitor.attempt(first)) == ["form_code_incorrect"]
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"
    assert visitor.read()["verifications"]["email_address"]["attempts"] == 3


def test_proof_of_a_complete_sign_up_does_not_lapse():
    visitor = joined()
    later(hours=5)
    assert visitor.read()["verifications"]["email_address"]["status"] == "verified"
    assert Verification.objects.get().state == VerificationStatus.VERIFIED


@pytest.mark.parametrize("ago", [ALMOST, OVER])
def test_second_proof_does_not_complete_a_sign_up_whose_first_has_lapsed(ago):
    both_kinds(phone_number_required=True)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, phone_number=PHONE, strategy="email_code")
    visitor.attempt(newest_code())
    later(**ago)
    visitor.prepare("phone_code")
    answer = visitor.attempt(newest_code(PHONE), "phone_code").json()["response"]
    assert answer["status"] == ("complete" if ago == ALMOST else "missing_requirements")
    assert answer["unverified_fields"] == ([] if ago == ALMOST else ["email_address"])


def test_last_try_of_a_lapsed_proof_is_not_given_back():
    operate(first_name="required", max_tries=2)
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL, strategy="email_code")
    visitor.attempt(wrong(newest_code()))
    assert visitor.attempt(newest_code()).status_code == 200
    later(**OVER)
    assert errors(visitor.prepare()) == ["verification_failed"]
    assert visitor.sign_up(email_address=EMAIL, strategy="email_code").status_code == 200
    assert Flow.objects.count() == 2


def test_code_is_asked_for_anew_once_and_only_for_a_proof_that_has_lapsed():
    visitor = proven()
    assert errors(visitor.prepare()) == ["verification_already_verified"]
    later(**OVER)
    for _ in range(3):
        assert visitor.prepare().status_code == 200
    assert len(memory.sent) == 2
    assert Verification.objects.get().receipts


def test_reopening_twice_takes_no_new_proof_back():
    visitor = proven()
    later(**OVER)
    [flow] = read_flows()
    stale = flow.known_verifications[0]
    visitor.prepare()
    visitor.attempt(newest_code())
    stale.reopen()
    assert Verification.objects.get().status == VerificationStatus.VERIFIED


@pytest.fixture
def old_rule(monkeypatch):
    """Let a proof count as long as its sign-up is open."""
    of_all = property(lambda flow: {v.identifier for v in flow.known_verifications if v.status == "verified"})
    monkeypatch.setattr(Flow, "verified", of_all)


def completed_with_stale_flow():
    """Whether a step completes that has read the flow before its proof lapsed."""
    proven()
    [flow] = read_flows()
    later(**OVER)
    assert flow.verified
    visitor = Visitor(flow.client, flow.client, "")
    return sign_up.update(InstanceSettings.current(), flow, visitor, {"first_name": "Jane"}).user is not None


def test_proof_that_lapses_after_the_flow_was_read_does_not_complete_it():
    assert not completed_with_stale_flow()


def test_control_without_the_rule_it_would(old_rule):
    assert completed_with_stale_flow()


def test_transferred_proof_counts_for_an_hour_from_the_proof():
    operate(first_name="required")
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code", sign_up_if_missing=True)
    visitor.attempt(newest_code())
    later(minutes=9)
    assert visitor.sign_up(transfer=True).json()["response"]["unverified_fields"] == []
    left = Verification.objects.get(flow__purpose="sign_up").expires_at - timezone.now()
    assert timedelta(minutes=50) < left <= timedelta(minutes=51)
    later(minutes=52)
    assert visitor.read()["unverified_fields"] == ["email_address"]
    assert visitor.prepare().status_code == 200
    visitor.attempt(newest_code())
    assert visitor.update(first_name="Jane").json()["response"]["status"] == "complete"


@pytest.mark.parametrize("purpose", ["open", "complete"])
def test_filter_of_the_admin_agrees_with_the_status(purpose):
    joined() if purpose == "complete" else proven()
    Verification.objects.update(expires_at=F("expires_at") - timedelta(**OVER))
    state = Verification.objects.get().state
    for value in VerificationStatus.values:
        found = Verification.objects.filter(VerificationStatusFilter.condition(None, value)).exists()
        assert found == (value == state), value
