"""Which numbers get SMS: told at sign-up, to everybody alike; at sign-in nobody is told."""

import pytest

from passwordless_otp.models import Message, TestAddress
from tests.sms.strangers import BRITISH, GERMAN, VOIP, ask, at, holder, reasons, sent
from tests.visitor import EMAIL, PHONE, ApiVisitor, errors, newest_code, operate, param

pytestmark = pytest.mark.usefixtures("phone")
REFUSED = ["unsupported_country_code"]


@pytest.mark.parametrize("taken", [False, True])
def test_sign_up_from_a_country_that_is_not_open_is_refused_taken_or_free(taken):
    if taken:
        holder(GERMAN)
    answer = ApiVisitor().sign_up(phone_number=GERMAN)
    assert (answer.status_code, errors(answer), param(answer)) == (403, REFUSED, "phone_number")
    assert not Message.objects.exists()


def test_open_sign_up_does_not_change_to_such_a_number():
    visitor = ApiVisitor()
    visitor.sign_up(email_address=EMAIL)
    assert errors(visitor.update(phone_number=GERMAN)) == REFUSED
    assert visitor.read()["phone_number"] is None


def test_operator_opens_a_country():
    operate(sms_countries=["DE"])
    ask(GERMAN)
    assert sent(GERMAN) == 1
    assert errors(ApiVisitor().sign_up(phone_number=PHONE)) == REFUSED


def test_countries_that_share_a_code_are_told_apart():
    operate(sms_countries=["CA"])
    ask("+16045550100")
    assert errors(ApiVisitor().sign_up(phone_number=PHONE)) == REFUSED
    assert errors(ApiVisitor().sign_up(phone_number="+18764567890")) == REFUSED  # Jamaica


def test_voip_numbers_sign_up_only_if_a_setting_says_so():
    operate(sms_countries=["GB"])
    assert errors(ApiVisitor().sign_up(phone_number=VOIP)) == REFUSED
    operate(sms_voip=True)
    ask(VOIP)
    assert sent(VOIP) == 1


@pytest.mark.parametrize("number", ["+18003569377", "+19002345678", "+80012345678", "+447600123456"])
def test_no_setting_lets_premium_shared_or_pager_numbers_in(number):
    operate(sms_countries=["US", "GB"], sms_voip=True)
    assert errors(ApiVisitor().sign_up(phone_number=number)) == ["form_param_format_invalid"]
    for options in [{}, {"sign_up_if_missing": True}]:
        assert ApiVisitor().sign_in(number, "phone_code", **options).status_code == 200
    assert sent() == 0


def test_blocked_prefix_is_refused_and_what_stands_beside_it_is_not():
    operate(sms_blocked_prefixes="+1 (415) 555\n\n+1 212")
    assert errors(ApiVisitor().sign_up(phone_number=PHONE)) == REFUSED
    ask("+14156552671")
    assert sent() == 1


def test_listed_test_number_needs_no_country_and_gets_no_message():
    operate(test_mode=True, sms_blocked_prefixes="+1111")
    TestAddress.objects.create(identifier="+11111111111", code="123456", until="2999-01-01")
    visitor = ask("+11111111111")
    assert visitor.attempt("123456", "phone_code").json()["response"]["status"] == "complete"
    assert sent() == 0


@pytest.mark.parametrize("options", [{}, {"sign_up_if_missing": True}])
def test_sign_in_with_an_unserved_number_goes_on_and_nothing_is_sent(options):
    visitor = at(1)
    assert visitor.sign_in(GERMAN, "phone_code", **options).status_code == 200
    assert sent() == 0
    assert Message.objects.get().status == "suppressed"
    assert reasons() == (
        ["number is not served by the SMS settings"]
        if options
        else ["nobody may sign in by code with this number"]
    )  # no note goes to a phone


@pytest.mark.parametrize("shut", [{"sms_countries": []}, {"sms_blocked_prefixes": "+49"}, {"sms_paused": ["DE"]}])
def test_proven_number_gets_codes_whatever_is_closed(shut):
    holder(GERMAN)
    operate(sms_countries=["DE"])
    operate(**shut)
    visitor = at(1)
    visitor.sign_in(GERMAN, "phone_code")
    assert visitor.attempt(newest_code(GERMAN), "phone_code").json()["response"]["status"] == "complete"


def test_proven_voip_number_is_served_after_the_setting_was_turned_off():
    holder(VOIP)
    visitor = at(1)
    visitor.sign_in(VOIP, "phone_code")
    assert sent(VOIP) == 1


def test_country_that_is_closed_during_a_sign_up_gets_no_more_sms():
    operate(sms_countries=["GB"])
    visitor = at(1)
    visitor.sign_up(phone_number=BRITISH)
    operate(sms_countries=["US"])
    assert visitor.prepare("phone_code").status_code == 200
    assert (sent(), reasons()) == (0, ["number is not served by the SMS settings"])
