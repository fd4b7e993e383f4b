"""The prebuilt `<SignUp/>` and `<SignIn/>`, clicked through. Those of v6 come from `@clerk/ui`."""

import pytest

from passwordless_otp.messaging.backends import memory
from passwordless_otp.models import Identifier, Verification
from tests.browser.clerk import visits
from tests.browser.conftest import configure, newest_code
from tests.visitor import EMAIL, PHONE, wrong

pytestmark = [pytest.mark.browser, pytest.mark.slow]
FIELDS = {
    "email": "input[name=emailAddress]:visible, input[name=identifier]:visible",
    "phone": "input[type=tel]:visible",
}
CODE = "input[autocomplete=one-time-code]"
EMPTIED = """() => [...document.querySelectorAll("input[autocomplete=one-time-code]")]
  .every((field) => field.value === "" && !field.disabled)"""


def fill(page, identifier):
    page.locator(FIELDS[visits.kind(identifier)]).fill(identifier)


def go_on(page, name="Continue"):
    """Press the button, and return the code that was sent."""
    with page.expect_response(lambda response: "/prepare_" in response.url):
        page.get_by_role("button", name=name).last.click()
    return newest_code()


def give(page, identifier):
    """Type the identifier into the field for its kind, and return the code that was sent."""
    if identifier == PHONE:
        page.get_by_text("Use phone").click()
    fill(page, identifier)
    return go_on(page)


def type_code(page, code):
    """Type it digit by digit; the components hand it in with the last one."""
    page.locator(CODE).first.focus()
    page.keyboard.type(code)


def assert_signed_in(page, identifier):
    page.wait_for_url("**/account/")
    assert visits.signed_in_at_django(page) == identifier


@pytest.mark.parametrize("identifier", [EMAIL, PHONE])
@pytest.mark.parametrize("name", ["SignUp", "SignIn"])
def test_the_components_sign_up_and_in_and_say_that_a_code_is_wrong(mounted, name, identifier):
    if name == "SignIn":
        visits.member(identifier)
    page = mounted(name)
    code = give(page, identifier)
    type_code(page, wrong(code))
    page.get_by_text("This code is not right.").first.wait_for()
    page.wait_for_function(EMPTIED)
    type_code(page, code)
    assert_signed_in(page, identifier)
    assert len(memory.sent) == 1


def test_the_component_for_signing_up_asks_for_all_that_is_required(mounted):
    configure(email_address_required=True, phone_number_required=True, first_name="required")
    page = mounted("SignUp")
    fill(page, EMAIL)
    fill(page, PHONE)
    page.locator("input[name=firstName]:visible").fill("Jane")
    code = go_on(page)
    with page.expect_response(lambda response: "/prepare_" in response.url):
        type_code(page, code)
    page.get_by_text("Verify your phone").wait_for()
    type_code(page, newest_code())
    page.wait_for_url("**/account/")
    identifiers = Identifier.objects.order_by("kind")
    assert [(i.value, i.user.first_name) for i in identifiers] == [(EMAIL, "Jane"), (PHONE, "Jane")]


def test_without_enumeration_protection_the_component_offers_another_method(mounted):
    configure(enumeration_protection=False)
    visits.member(EMAIL, PHONE)
    page = mounted("SignIn")
    give(page, EMAIL)
    page.get_by_text("Use another method").click()
    type_code(page, go_on(page, "Send SMS code"))
    page.wait_for_url("**/account/")
    assert [message.channel for message in memory.sent] == ["email", "sms"]


@pytest.mark.parametrize("version", ["v5", "v6"])
def test_without_enumeration_protection_one_component_signs_in_or_up(mounted):
    configure(enumeration_protection=False)
    page = mounted("SignIn", withSignUp=True, signUpFallbackRedirectUrl="/account/")
    type_code(page, give(page, EMAIL))
    assert_signed_in(page, EMAIL)


@pytest.mark.parametrize("version", ["v6"])
def test_with_enumeration_protection_one_component_signs_in_or_up(mounted):
    page = mounted("SignIn", withSignUp=True, signUpFallbackRedirectUrl="/account/")
    type_code(page, give(page, EMAIL))
    assert_signed_in(page, EMAIL)


@pytest.mark.parametrize("version", ["v5", "v6"])
def test_the_component_says_that_sign_up_is_closed(mounted):
    configure(sign_up_mode="closed")
    mounted("SignUp").get_by_text("Sign ups are currently disabled.").wait_for()


def test_the_components_have_room_for_six_digits_only(mounted):
    page = mounted("SignUp")
    give(page, EMAIL)
    Verification.objects.update(length=8)
    with page.expect_request(lambda request: "/attempt_" in request.url) as info:
        type_code(page, "12345678")
    assert "code=123456&" in f"{info.value.post_data}&"


@pytest.mark.parametrize("version", ["v5", "v6"])
def test_the_components_ask_nothing_of_another_host(mounted, strangers):
    visits.member(EMAIL)
    give(mounted("SignIn"), EMAIL)
    assert strangers == []
