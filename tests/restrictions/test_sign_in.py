"""At a sign-in nothing tells what is restricted: no answer, no statement."""

import pytest
from django.contrib.auth import get_user_model

from passwordless_otp.models import Identifier, Message, Restriction, settings_cache
from tests import hooks
from tests.attacks.test_statements import cost
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_UP, SIGN_UP_VERIFY
from tests.restrictions.entries import allow, block, shut_out
from tests.seen import snapshot, steps_of, walk
from tests.visitor import EMAIL, ApiVisitor, errors, joined, newest_code, operate, started, unlimited, wrong

pytestmark = pytest.mark.django_db
WAYS, ONE_BOX = ["sign-in", "one box"], {"sign_up_if_missing": True}
PEOPLE = ["jknown@example.com", "junknown@example.com"]


@pytest.fixture
def recorder(settings):
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    hooks.recorded.clear()


@pytest.fixture
def known():
    user = get_user_model().objects.create(username="known")
    Identifier.objects.create(user=user, kind="email_address", value=PEOPLE[0])


def restrict(how):
    if how == "restricted":
        operate(sign_up_mode="restricted")
    elif how == "blocked":
        block("@example.com")
    elif how == "shut out":
        shut_out("@example.com")


def statuses():
    return dict(Message.objects.values_list("verification__value", "status"))


@pytest.mark.parametrize("options", [{}, pytest.param(ONE_BOX, marks=pytest.mark.slow)], ids=WAYS)
def test_known_and_unknown_allowed_and_blocked_look_alike_in_json(recorder, known, options):
    shown = []
    for how in ["", "blocked", "shut out", "restricted"]:
        Restriction.objects.all().delete()
        restrict(how)
        for address in PEOPLE:
            unlimited()
            steps = steps_of(ApiVisitor(), address, "email_code", **options)
            shown.append([snapshot(step, address) for step in steps])
            Message.objects.all().delete()
            ApiVisitor().http.cookies.clear()
            forget(address)
    for other in shown[1:]:
        assert other == shown[0]


def forget(address):
    """Let the next visitor begin as this one did."""
    from passwordless_otp.models import Counter, Flow

    Flow.objects.all().delete()
    Counter.objects.all().delete()


@pytest.mark.parametrize("how", ["blocked", "shut out", "restricted"])
@pytest.mark.parametrize(
    ("start", "verify", "field"),
    [(SIGN_IN, SIGN_IN_VERIFY, "identifier"), (SIGN_UP, SIGN_UP_VERIFY, "email_address")],
)
def test_known_and_unknown_look_alike_on_the_pages(recorder, known, how, start, verify, field):
    restrict(how)
    shown = []
    for address in PEOPLE:
        shown.append(walk(start, verify, field, address))
        forget(address)
    assert shown[0] == shown[1]
    settings_cache.clear()


def test_the_comparison_would_see_a_sign_up_that_one_entry_refuses(recorder, known):
    block(PEOPLE[0])
    mine, theirs = (walk(SIGN_UP, SIGN_UP_VERIFY, "email_address", address) for address in PEOPLE)
    assert mine != theirs


@pytest.mark.parametrize("options", [{}, ONE_BOX], ids=WAYS)
@pytest.mark.parametrize("how", ["blocked", "restricted"])
def test_nothing_goes_to_who_is_unknown_and_outside_and_no_code_is_right(how, options):
    restrict(how)
    visitor = started("nobody@example.com", **options)
    assert statuses() == {"nobody@example.com": "suppressed"}
    assert Message.objects.get().error_code == "restricted"
    code = Message.objects.get().verification.code()
    assert errors(visitor.attempt(code)) == ["form_code_incorrect"]


def test_a_restriction_saved_after_the_message_lets_the_right_code_in_no_more():
    visitor = started("nobody@example.com", sign_up_if_missing=True)
    block("@example.com")
    assert errors(visitor.attempt(newest_code())) == ["form_code_incorrect"]


def test_the_negative_control_without_a_restriction_it_is_right():
    visitor = started("nobody@example.com", sign_up_if_missing=True)
    assert errors(visitor.attempt(newest_code())) == ["sign_up_if_missing_transfer"]


@pytest.mark.parametrize("how", ["blocked", "restricted"])
def test_people_with_an_account_go_on_signing_in(how):
    joined()
    restrict(how)
    operate(block_subaddresses=True, block_disposable=True)
    visitor = started(EMAIL)
    assert visitor.attempt(newest_code()).json()["response"]["status"] == "complete"


def test_an_entry_that_says_so_shuts_people_with_an_account_out_silently():
    unlimited()
    joined()
    visitor = started(EMAIL)
    code = newest_code()
    shut_out("@example.com")
    assert errors(visitor.attempt(code)) == ["form_code_incorrect"]
    Message.objects.all().delete()
    assert started(EMAIL).attempt(wrong(code)).status_code == 422
    assert statuses() == {EMAIL: "suppressed"}
    allow(EMAIL)
    assert started(EMAIL).attempt(newest_code(EMAIL)).status_code == 200


def test_with_protection_off_another_identifier_does_not_get_who_is_shut_out_in():
    operate(enumeration_protection=False)
    joined()
    user = get_user_model().objects.get()
    Identifier.objects.create(user=user, kind="email_address", value="j2@example.org", primary=False)
    shut_out(EMAIL)
    visitor = started(EMAIL, None)
    for factor in visitor.read()["supported_first_factors"]:
        visitor.prepare(email_address_id=factor["email_address_id"])
    assert set(Message.objects.exclude(kind="sign_up").values_list("status", flat=True)) == {"suppressed"}


@pytest.mark.django_db(transaction=True)
def test_restrictions_cost_no_statement(recorder):
    before = cost(lambda: ApiVisitor().sign_in("a@example.com", "email_code"))
    block(*[f"@d{number}.example" for number in range(50)])
    assert cost(lambda: ApiVisitor().sign_in("b@example.com", "email_code")) == before


@pytest.mark.django_db(transaction=True)
def test_an_entry_holds_at_once_in_the_process_that_saved_it():
    assert ApiVisitor().sign_up(email_address=EMAIL).status_code == 200
    block(EMAIL)
    assert ApiVisitor().sign_up(email_address=EMAIL).status_code == 403
    Restriction.objects.get().delete()
    assert ApiVisitor().sign_up(email_address=EMAIL).status_code == 200
