"""The calls of clerk-js, as a front end of one's own makes them."""

import pytest

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import TestAddress, Verification
from tests.browser.clerk import visits
from tests.browser.conftest import configure, newest_code
from tests.visitor import EMAIL, PHONE, later, wrong

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TEST_NUMBER, TEST_CODE = "+11111111111", "123456"


@pytest.fixture
def page(visit, version):
    """A page with clerk-js in it, loaded."""
    page = visit(f"/page/{version}/")
    page.evaluate(visits.LOAD)
    return page


@pytest.mark.parametrize("identifier", [EMAIL, PHONE])
def test_somebody_signs_up_signs_out_and_signs_in(page, identifier):
    visits.create(page, "signUp", identifier)
    visits.finish(page, "signUp", identifier, newest_code())
    assert visits.signed_in_at_django(page) == identifier
    page.go_back()
    page.evaluate(visits.LOAD)
    page.evaluate("() => Clerk.signOut(() => null)")
    assert visits.signed_in_at_django(page) is None
    page.go_back()
    page.evaluate(visits.LOAD)
    visits.create(page, "signIn", identifier)
    visits.finish(page, "signIn", identifier, newest_code())
    assert visits.signed_in_at_django(page) == identifier


def test_the_test_number_gets_in_with_its_fixed_code(page):
    configure(test_mode=True)
    TestAddress.objects.create(identifier=TEST_NUMBER, code=TEST_CODE, until="2999-01-01")
    visits.create(page, "signUp", TEST_NUMBER)
    visits.finish(page, "signUp", TEST_NUMBER, TEST_CODE)
    assert visits.signed_in_at_django(page) == TEST_NUMBER
    assert memory.sent == []


@pytest.mark.parametrize("flow", ["signUp", "signIn"])
def test_a_wrong_code_is_named_and_the_right_one_still_works(page, flow):
    if flow == "signIn":
        visits.member(EMAIL)
    visits.create(page, flow, EMAIL)
    code = newest_code()
    assert visits.refusal(page, visits.attempt(flow, EMAIL), wrong(code)) == "form_code_incorrect"
    visits.finish(page, flow, EMAIL, code)
    assert visits.signed_in_at_django(page) == EMAIL


def test_without_enumeration_protection_an_unknown_and_a_taken_identifier_are_named(page):
    configure(enumeration_protection=False)
    visits.member(PHONE)
    sign_in = "(identifier) => Clerk.client.signIn.create({identifier})"
    sign_up = "(phoneNumber) => Clerk.client.signUp.create({phoneNumber})"
    assert visits.refusal(page, sign_in, EMAIL) == "form_identifier_not_found"
    assert visits.refusal(page, sign_up, PHONE) == "form_identifier_exists"


def test_a_code_is_sent_again_once_it_is_time_and_stays_good(page):
    visits.member(PHONE)
    visits.create(page, "signIn", PHONE)
    visits.prepare(page, "signIn", PHONE)
    assert len(memory.sent) == 1
    later(seconds=31)
    visits.prepare(page, "signIn", PHONE)
    first, second = [message.code for message in memory.sent]
    assert first == second
    visits.finish(page, "signIn", PHONE, first)
    assert visits.signed_in_at_django(page) == PHONE


@pytest.mark.parametrize(
    ("flow", "status"), [("signUp", "missing_requirements"), ("signIn", "needs_first_factor")]
)
def test_a_reload_goes_on_where_the_visitor_was(page, flow, status):
    if flow == "signIn":
        visits.member(EMAIL)
    visits.create(page, flow, EMAIL)
    page.reload()
    page.evaluate(visits.LOAD)
    assert page.evaluate("(flow) => Clerk.client[flow].status", flow) == status
    visits.finish(page, flow, EMAIL, newest_code())
    assert visits.signed_in_at_django(page) == EMAIL
    assert len(memory.sent) == 1


def test_names_and_metadata_are_collected_step_by_step(page):
    configure(first_name="required")
    assert page.evaluate(visits.WITH_METADATA, EMAIL) == [["first_name"], {"plan": {"seats": 3}}]
    assert page.evaluate(visits.WITH_NAME, "Jane") == []
    visits.prepare(page, "signUp", EMAIL)
    visits.finish(page, "signUp", EMAIL, newest_code())
    assert page.evaluate("() => Clerk.user.reload().then(({firstName}) => firstName)") == "Jane"


def test_a_session_has_a_token_and_lasts_over_a_reload(page):
    visits.create(page, "signUp", EMAIL)
    visits.finish(page, "signUp", EMAIL, newest_code())
    page.reload()
    page.evaluate(visits.LOAD)
    assert page.evaluate("() => Clerk.user.primaryEmailAddress.emailAddress") == EMAIL
    assert page.evaluate("() => Clerk.session.getToken({skipCache: true})").count(".") == 2


def test_a_taken_identifier_signs_its_owner_in_at_sign_up(page):
    visits.member(PHONE)
    visits.create(page, "signUp", PHONE)
    visits.finish(page, "signUp", PHONE, newest_code())
    assert visits.signed_in_at_django(page) == PHONE


def test_an_unknown_identifier_goes_on_from_sign_in_to_sign_up(page):
    page.evaluate(visits.SIGN_IN_OR_UP, EMAIL)
    visits.prepare(page, "signIn", EMAIL)
    assert visits.refusal(page, visits.attempt("signIn", EMAIL), newest_code()) == "sign_up_if_missing_transfer"
    assert page.evaluate("() => Clerk.client.signIn.firstFactorVerification.status") == "transferable"
    assert page.evaluate(visits.TRANSFER) == "complete"
    assert visits.signed_in_at_django(page) == EMAIL


def test_a_code_of_eight_letters_and_digits_is_taken(page):
    visits.create(page, "signUp", EMAIL)
    Verification.objects.update(length=8, alphabet="base32")
    visits.finish(page, "signUp", EMAIL, Verification.objects.get().code())
    assert visits.signed_in_at_django(page) == EMAIL


@pytest.mark.parametrize("version", ["v5", "v6"])
def test_the_newer_calls_of_signals_sign_up_and_in(page):
    page.evaluate(visits.SIGNAL_SIGN_UP, EMAIL)
    assert page.evaluate(visits.SIGNAL_FINISH_SIGN_UP, newest_code()) == [None, "complete", None]
    page.evaluate("() => Clerk.signOut(() => null)")
    page.evaluate(visits.SIGNAL_SIGN_IN, EMAIL)
    assert page.evaluate(visits.SIGNAL_FINISH_SIGN_IN, newest_code()) == [None, "complete", None]
    assert visits.signed_in_at_django(page) == EMAIL
