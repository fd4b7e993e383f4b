"""The site's bot check is asked before a first message, whoever it is to, and lets nobody in by mistake."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from passwordless_otp.flows.factors import Factor
from passwordless_otp.models import Flow, Message
from tests import hooks
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, PageVisitor, text_of
from tests.visitor import (
    EMAIL,
    PHONE,
    ApiVisitor,
    both_kinds,
    errors,
    joined,
    later,
    newest_code,
    operate,
    unlimited,
)

pytestmark = pytest.mark.django_db
REFUSED, PROOF = ["captcha_invalid"], {"proof": "human"}
STRANGER = "nobody@example.com"


@pytest.fixture
def check(settings):
    """Name a BOT_CHECK."""
    hooks.asked.clear()

    def name(hook):
        settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "BOT_CHECK": f"tests.hooks.{hook}"}

    return name


@pytest.fixture
def known():
    """Somebody signs up while nobody is asked, in a browser of her own."""
    unlimited()
    visitor = joined()
    Message.objects.all().delete()
    return visitor


@pytest.fixture
def checked(known, check):
    check("human")


def outcome(step):
    with CaptureQueriesContext(connection) as captured:
        answer = step()
    return answer.status_code, answer.status_code == 403 and errors(answer), len(captured)


@pytest.mark.parametrize("form", [True, False])
def test_a_first_message_goes_to_whom_the_check_believes(checked, form):
    visitor = ApiVisitor()
    asked = {"identifier": EMAIL, "strategy": "email_code"}
    assert errors(visitor.post("client/sign_ins", form, **asked)) == REFUSED
    assert not Message.objects.exists()
    assert visitor.post("client/sign_ins", form, **asked, **PROOF).status_code == 200
    assert hooks.asked == [(asked, "127.0.0.1"), ({**asked, **PROOF}, "127.0.0.1")]


def test_known_and_unknown_are_asked_alike(checked, settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    seen = {EMAIL: [], STRANGER: []}
    for email, outcomes in seen.items():
        for proof in [{}, PROOF]:
            sign_in = lambda e=email, p=proof: ApiVisitor().sign_in(e, "email_code", **p)  # noqa: E731
            sign_up = lambda e=email, p=proof: ApiVisitor().sign_up(email_address=e, strategy="email_code", **p)  # noqa: E731
            outcomes += [outcome(sign_in), outcome(sign_up)]
    assert seen[EMAIL] == seen[STRANGER]
    assert [status for status, _codes, _count in seen[EMAIL]] == [403, 403, 200, 200]


def test_only_a_first_message_is_asked_for(checked):
    visitor = ApiVisitor()
    assert visitor.sign_in(EMAIL).status_code == 200
    assert not hooks.asked
    assert errors(visitor.prepare()) == REFUSED
    assert visitor.prepare(**PROOF).status_code == 200
    later(seconds=40)
    assert visitor.prepare().status_code == 200
    assert visitor.attempt(newest_code()).status_code == 200
    assert len(hooks.asked) == 2
    assert Message.objects.filter(kind="sign_in").count() == 2


def test_second_kind_of_address_is_not_asked_for(checked):
    both_kinds()
    visitor = ApiVisitor()
    assert errors(visitor.sign_up(email_address=STRANGER, phone_number=PHONE, strategy="phone_code")) == REFUSED
    visitor.sign_up(email_address=STRANGER, phone_number=PHONE, strategy="email_code", **PROOF)
    assert visitor.prepare("phone_code").status_code == 200


@pytest.mark.parametrize("proves", [False, True])
def test_one_change_of_address_passes_and_each_further_one_is_asked_for(checked, proves):
    operate(first_name="required")
    visitor = ApiVisitor()
    visitor.sign_up(email_address="one@example.com", strategy="email_code", **PROOF)
    if proves:
        visitor.attempt(newest_code())
    change(visitor, "two@example.com")
    assert visitor.prepare().status_code == 200
    for address in ["three@example.com", "four@example.com"]:
        change(visitor, address)
        assert errors(visitor.prepare()) == REFUSED
        assert visitor.prepare(**PROOF).status_code == 200
    change(visitor, "one@example.com")
    later(seconds=40)
    again = visitor.prepare()
    assert errors(again) == ["verification_already_verified"] if proves else again.status_code == 200


def test_changes_of_both_kinds_are_added_up(checked):
    both_kinds()
    visitor = ApiVisitor()
    visitor.sign_up(email_address="one@example.com", phone_number=PHONE, strategy="email_code", **PROOF)
    assert visitor.prepare("phone_code").status_code == 200
    change(visitor, "two@example.com")
    assert visitor.prepare().status_code == 200
    assert visitor.update(phone_number="+14155552672").status_code == 200
    assert errors(visitor.prepare("phone_code")) == REFUSED


def test_new_flow_is_asked_for_even_after_a_proof(checked):
    visitor = ApiVisitor()
    visitor.sign_up(email_address="one@example.com", strategy="email_code", **PROOF)
    operate(first_name="required")
    visitor.attempt(newest_code())
    assert errors(visitor.sign_up(email_address="two@example.com", strategy="email_code")) == REFUSED


def test_transferred_proof_counts_as_the_first_address(checked):
    both_kinds(phone_number_required=True)
    visitor = ApiVisitor()
    visitor.sign_in(STRANGER, "email_code", sign_up_if_missing=True, **PROOF)
    visitor.attempt(newest_code())
    assert visitor.sign_up(transfer=True, phone_number=PHONE, strategy="phone_code").status_code == 200


def change(visitor, address):
    assert visitor.update(email_address=address).status_code == 200


def test_a_browser_is_not_asked_where_its_own_user_signs_in_and_for_others_it_is(known, check):
    known.http.delete("/auth/v1/client/sessions", headers={"Origin": "http://testserver"})
    check("human")
    assert known.sign_in(EMAIL, "email_code").status_code == 200
    assert not hooks.asked
    assert errors(known.sign_in(STRANGER, "email_code")) == REFUSED


def test_address_by_which_a_browser_is_known_lets_no_other_one_pass(known, check):
    known.http.delete("/auth/v1/client/sessions", headers={"Origin": "http://testserver"})
    check("human")
    assert known.sign_up(email_address=EMAIL, strategy="email_code").status_code == 200
    assert not hooks.asked
    change(known, STRANGER)
    assert errors(known.prepare()) == REFUSED


@pytest.mark.parametrize("hook", ["robot", "answer"])
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_a_check_that_fails_or_answers_no_bool_refuses_everybody_and_tells_no_token(
    known, check, caplog, hook, email
):
    check(hook)
    assert errors(ApiVisitor().sign_in(email, "email_code", token="secret-token")) == REFUSED
    assert not Message.objects.exists()
    assert ("BOT_CHECK failed" in caplog.text) == (hook == "robot")
    assert "secret-token" not in caplog.text


def test_what_is_no_text_does_not_reach_the_check(checked):
    ApiVisitor().sign_in(EMAIL, "email_code", proof=["human"], more={"a": 1})
    assert hooks.asked == [({"identifier": EMAIL, "strategy": "email_code"}, "127.0.0.1")]


def test_who_is_refused_spends_no_limit(checked):
    operate(limits={"identifier_emails": 2})
    for _ in range(4):
        assert errors(ApiVisitor().sign_in(EMAIL, "email_code")) == REFUSED
    assert ApiVisitor().sign_in(EMAIL, "email_code", **PROOF).status_code == 200


@pytest.mark.parametrize(("page", "field"), [(SIGN_IN, "identifier"), (SIGN_UP, "email_address")])
@pytest.mark.parametrize("email", [EMAIL, STRANGER])
def test_the_pages_say_so_and_take_the_second_try(checked, page, field, email):
    visitor = PageVisitor()
    shown = visitor.submit(page, {field: email})
    assert shown.status_code == 403
    assert "this is not a program" in text_of(shown)
    assert email in text_of(shown)
    assert not Message.objects.exists()
    assert not Flow.objects.filter(status="open").exists()
    assert visitor.submit(page, {field: email, **PROOF}).status_code == 303
    assert Message.objects.count() == 1


def test_the_code_page_asks_for_a_first_message_too(checked):
    visitor, opened = PageVisitor(), ApiVisitor()
    opened.sign_in(EMAIL)
    visitor.cookies = opened.http.cookies
    flow = Flow.objects.latest("pk")
    send = {"send": Factor(flow.identifiers[0], True).id(flow)}
    assert visitor.submit(SIGN_IN_VERIFY, send).status_code == 403
    assert visitor.submit(SIGN_IN_VERIFY, {**send, **PROOF}).status_code == 303
