"""What a page says to clerk-js, in the words of its documentation."""

from django.contrib.auth import get_user_model

from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Identifier

LOAD = "() => Clerk.load({telemetry: false}).then(() => null)"
MOUNT = """async ([name, options]) => {
  const components = window.__internal_ClerkUICtor;
  await Clerk.load({telemetry: false, ...(components && {ui: {ClerkUI: components}})});
  Clerk[`mount${name}`](document.getElementById("app"), {fallbackRedirectUrl: "/account/", ...options});
}"""
CREATE = {
    ("signUp", "email"): "(emailAddress) => Clerk.client.signUp.create({emailAddress}).then(() => null)",
    ("signUp", "phone"): "(phoneNumber) => Clerk.client.signUp.create({phoneNumber}).then(() => null)",
    ("signIn", "email"): "(identifier) => Clerk.client.signIn.create({identifier}).then(() => null)",
    ("signIn", "phone"): "(identifier) => Clerk.client.signIn.create({identifier}).then(() => null)",
}
PREPARE = {
    ("signUp", "email"): """() => Clerk.client.signUp
      .prepareEmailAddressVerification({strategy: "email_code"}).then(() => null)""",
    ("signUp", "phone"): """() => Clerk.client.signUp
      .preparePhoneNumberVerification({strategy: "phone_code"}).then(() => null)""",
    ("signIn", "email"): """() => {
      const {emailAddressId} = Clerk.client.signIn.supportedFirstFactors
        .find((factor) => factor.strategy === "email_code");
      return Clerk.client.signIn.prepareFirstFactor({strategy: "email_code", emailAddressId}).then(() => null);
    }""",
    ("signIn", "phone"): """() => {
      const {phoneNumberId} = Clerk.client.signIn.supportedFirstFactors
        .find((factor) => factor.strategy === "phone_code");
      return Clerk.client.signIn.prepareFirstFactor({strategy: "phone_code", phoneNumberId}).then(() => null);
    }""",
}
ATTEMPT = {
    ("signUp", "email"): "(code) => Clerk.client.signUp.attemptEmailAddressVerification({code})",
    ("signUp", "phone"): "(code) => Clerk.client.signUp.attemptPhoneNumberVerification({code})",
    ("signIn", "email"): '(code) => Clerk.client.signIn.attemptFirstFactor({strategy: "email_code", code})',
    ("signIn", "phone"): '(code) => Clerk.client.signIn.attemptFirstFactor({strategy: "phone_code", code})',
}
FINISH = """async (code) => {
  const {status, createdSessionId} = await (ATTEMPT)(code);
  await Clerk.setActive({session: createdSessionId});
  return status;
}"""
REFUSAL = "(given) => (CALL)(given).then(() => null, (error) => error.errors[0].code)"
WITH_METADATA = """(emailAddress) =>
  Clerk.client.signUp.create({emailAddress, unsafeMetadata: {plan: {seats: 3}}})
    .then(({missingFields, unsafeMetadata}) => [missingFields, unsafeMetadata])"""
WITH_NAME = "(firstName) => Clerk.client.signUp.update({firstName}).then(({missingFields}) => missingFields)"
SIGN_IN_OR_UP = """(identifier) =>
  Clerk.client.signIn.create({identifier, signUpIfMissing: true}).then(() => null)"""
TRANSFER = "() => Clerk.client.signUp.create({transfer: true}).then(({status}) => status)"
# What `useSignUp()` and `useSignIn()` of later versions return.
SIGNAL_SIGN_UP = """async (emailAddress) => {
  const signUp = Clerk.client.signUp.__internal_future;
  await signUp.create({emailAddress});
  await signUp.verifications.sendEmailCode();
}"""
SIGNAL_FINISH_SIGN_UP = """async (code) => {
  const signUp = Clerk.client.signUp.__internal_future;
  const verified = await signUp.verifications.verifyEmailCode({code});
  const {status} = signUp;
  return [verified.error, status, (await signUp.finalize()).error];
}"""
SIGNAL_SIGN_IN = """async (emailAddress) => {
  await Clerk.client.signIn.__internal_future.emailCode.sendCode({emailAddress});
}"""
SIGNAL_FINISH_SIGN_IN = """async (code) => {
  const signIn = Clerk.client.signIn.__internal_future;
  const verified = await signIn.emailCode.verifyCode({code});
  const {status} = signIn;
  return [verified.error, status, (await signIn.finalize()).error];
}"""


def kind(identifier):
    """Return the kind in a word."""
    return "email" if "@" in identifier else "phone"


def member(*identifiers):
    """Make a user who has these identifiers."""
    user = get_user_model().objects.create_user("jane")
    for identifier in identifiers:
        name = Kind.EMAIL_ADDRESS if kind(identifier) == "email" else Kind.PHONE_NUMBER
        Identifier.objects.create(user=user, kind=name, value=identifier)


def create(page, flow, identifier):
    """Create the flow, and have a code sent."""
    page.evaluate(CREATE[flow, kind(identifier)], identifier)
    prepare(page, flow, identifier)


def prepare(page, flow, identifier):
    """Have a code sent."""
    page.evaluate(PREPARE[flow, kind(identifier)])


def attempt(flow, identifier):
    """Return the call that hands in a code."""
    return ATTEMPT[flow, kind(identifier)]


def finish(page, flow, identifier, code):
    """Hand in the right code, and make its session the active one."""
    assert page.evaluate(FINISH.replace("ATTEMPT", attempt(flow, identifier)), code) == "complete"
    addresses = {"email": "primaryEmailAddress.emailAddress", "phone": "primaryPhoneNumber.phoneNumber"}
    assert page.evaluate(f"() => Clerk.user.{addresses[kind(identifier)]}") == identifier


def refusal(page, call, given):
    """Return the code with which the call is refused."""
    return page.evaluate(REFUSAL.replace("CALL", call), given)


def signed_in_at_django(page):
    """Return whom the API and a page behind `login_required` know, by this browser's cookies."""
    origin = page.evaluate("location.origin")
    me = page.request.get(f"{origin}/auth/v1/me")
    page.goto(f"{origin}/account/")
    text = page.locator("body").inner_text()
    if me.status == 401:
        assert "/auth/sign-in/" in page.url
        return None
    user = me.json()["response"]
    [shown] = user["email_addresses"] + user["phone_numbers"]
    identifier = shown.get("email_address") or shown["phone_number"]
    assert text == f"Hello, {identifier}."
    return identifier
