"""What a step does when another request has changed the verification since it was read."""

import secrets
from datetime import timedelta

import pytest
from django.utils import timezone

from passwordless_otp import codes
from passwordless_otp.flows import send_code
from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Flow, Verification
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, wrong

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor():
    joined()
    visitor = ApiVisitor()
    visitor.sign_in(EMAIL, "email_code")
    return visitor


def meanwhile(monkeypatch, change):
    """Let `change` happen once, between the comparison and the verdict."""
    is_right, done = codes.match, []

    def overtaken(*given):
        right = is_right(*given)
        if not done:
            done.append(change())
        return right

    monkeypatch.setattr(codes, "match", overtaken)


def signing_in():
    return Verification.objects.filter(flow__purpose="sign_in")


@pytest.mark.parametrize("spell", [str, wrong])
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "verified", "nonce": ""}, "verification_already_verified"),
        ({"status": "failed", "nonce": ""}, "verification_failed"),
    ],
)
def test_the_answer_is_the_state_as_it_stands_then(visitor, monkeypatch, spell, change, code):
    meanwhile(monkeypatch, lambda: signing_in().update(**change))
    assert errors(visitor.attempt(spell(newest_code()))) == [code]
    assert Flow.objects.get(purpose="sign_in").status == "open"


@pytest.mark.parametrize("spell", [str, wrong])
def test_a_code_that_was_replaced_is_compared_with_the_new_one_and_consumes_a_try(visitor, monkeypatch, spell):
    meanwhile(monkeypatch, lambda: signing_in().update(nonce=secrets.token_hex(16)))
    assert errors(visitor.attempt(spell(newest_code()))) == ["form_code_incorrect"]
    assert signing_in().get().tries == 1


@pytest.mark.parametrize("spell", [str, wrong])
def test_a_flow_that_was_replaced_answers_nothing_about_the_code(visitor, monkeypatch, spell):
    meanwhile(monkeypatch, lambda: Flow.objects.filter(purpose="sign_in").update(status="ended"))
    assert errors(visitor.attempt(spell(newest_code()))) == ["resource_not_found"]
    assert signing_in().get().tries == 0


def test_a_verification_that_never_holds_still_is_503(visitor, monkeypatch):
    monkeypatch.setattr(Verification, "judge", lambda self, *args, **outcome: False)
    assert errors(visitor.attempt(newest_code())) == ["service_unavailable"]


def test_a_prepare_that_meets_the_last_wrong_code_says_so(visitor, monkeypatch):
    send = send_code._save

    def overtaken(verification, **changes):
        signing_in().update(status="failed", nonce="", tries=5)
        send(verification, **changes)

    monkeypatch.setattr(send_code, "_save", overtaken)
    assert errors(visitor.prepare()) == ["verification_failed"]


def test_a_prepare_that_another_one_was_faster_than_is_the_newest_all_the_same(visitor, monkeypatch):
    begun = timezone.now()
    signing_in().update(prepared_at=begun - timedelta(minutes=1), last_sent_at=begun - timedelta(minutes=1))
    reread = send_code._reread

    def overtaken(held, policy):
        signing_in().update(last_sent_at=begun)
        return reread(held, policy)

    monkeypatch.setattr(send_code, "_reread", overtaken)
    memory.sent.clear()
    assert visitor.prepare().status_code == 200
    assert not memory.sent
    assert signing_in().get().prepared_at >= begun
