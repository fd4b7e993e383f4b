"""One more of whatever a row of the table of limits counts, and the same on a page."""

from passwordless_otp.models import Verification
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, SIGN_UP_VERIFY, PageVisitor
from tests.visitor import EMAIL, LIMITS, PHONE, ApiVisitor, both_kinds, joined, started, wrong

NUMBER = 3  # that a row is set to


def only(**numbers):
    """Every limit as wide as it can be, but these."""
    tracked = numbers.pop("tracked_only", [])
    wide = {name: limit.high for name, limit in LIMITS.items()}
    return both_kinds(limits={**wide, **numbers}, tracked_only=tracked, messages_per_flow=10)


def elsewhere(number=1, **headers):
    """A new browser at another IP address."""
    visitor = ApiVisitor(**headers)
    visitor.http.defaults["REMOTE_ADDR"] = f"203.0.113.{number}"
    return visitor


def signed_out(email=EMAIL, phone=""):
    """A browser that the holder of this address has signed in with before."""
    if phone:
        visitor = ApiVisitor()
        visitor.sign_up(email_address=email, phone_number=phone, strategy="email_code")
        visitor.attempt(code_of(email))
        visitor.prepare("phone_code")
        visitor.attempt(code_of(phone), "phone_code")
    else:
        visitor = joined(email)
    visitor.post("client/sessions?_method=DELETE")
    return visitor


def guess(identifier=EMAIL, visitor=None):
    """A wrong code for this identifier, in a flow of its own."""
    visitor = visitor or ApiVisitor()
    strategy = "email_code" if "@" in identifier else "phone_code"
    visitor.sign_in(identifier, strategy)
    return visitor.attempt(another(code_of(identifier)), strategy)


def code_of(identifier):
    """The newest code for it, sent or not."""
    return Verification.objects.filter(value=identifier).order_by("-pk")[0].code()


def another(code):
    """One that looks like it."""
    return wrong(code) if code.isdecimal() else ("A" if code[0] != "A" else "B") + code[1:]


def phone(number):
    return f"+1415555{2000 + number}"


class Rows:
    """`one_more(name, number)` asks as a program does, `on_page(name)` as a person."""

    def __init__(self):
        self.visitor = None

    def one_more(self, name, number):
        return getattr(self, name.removesuffix("_per_day"))(number)

    def identifier_emails(self, number):
        return elsewhere(number).sign_in(EMAIL, "email_code")

    def identifier_sms(self, number):
        return elsewhere(number).sign_in(PHONE, "phone_code")

    number_sms = identifier_sms

    def mailbox_emails(self, number):
        return elsewhere(number).sign_in(f"jane+{number}@example.com", "email_code")

    def recognised_emails(self, number):
        self.visitor = self.visitor or signed_out()
        self.visitor.sign_in("other@example.com")
        return self.visitor.sign_in(EMAIL, "email_code")

    def recognised_sms(self, number):
        self.visitor = self.visitor or signed_out(phone=PHONE)
        self.visitor.sign_in("other@example.com")
        return self.visitor.sign_in(PHONE, "phone_code")

    def ip_steps(self, number):
        self.visitor = self.visitor or started(EMAIL)
        return self.visitor.attempt("12345")

    def ip_flows(self, number):
        return ApiVisitor().sign_in(f"u{number}@example.com")

    def ip_emails(self, number):
        return ApiVisitor().sign_in(f"u{number}@example.com", "email_code")

    def ip_sms(self, number):
        return ApiVisitor().sign_in(phone(number), "phone_code")

    def ip_failures(self, number):
        self.visitor = ApiVisitor()
        return guess(f"u{number}@example.com", self.visitor)

    def ip_sign_ups(self, number):
        self.visitor, email = ApiVisitor(), f"u{number}@example.com"
        self.visitor.sign_up(email_address=email, strategy="email_code")
        return self.visitor.attempt(code_of(email))

    def on_page(self, name):
        browser, name = PageVisitor(), name.removesuffix("_per_day")
        if self.visitor:
            browser.cookies = self.visitor.http.cookies
        if name.startswith("recognised"):
            browser.submit(SIGN_IN, {"identifier": "third@example.com"})
        if name in {"ip_failures", "ip_steps"}:
            return browser.submit(SIGN_IN_VERIFY, {"code": "12345" if name == "ip_steps" else "000000"})
        if name == "ip_sign_ups":
            return browser.submit(SIGN_UP_VERIFY, {"code": code_of(f"u{NUMBER}@example.com")})
        typed = {"mailbox_emails": "jane+99@example.com", "ip_sms": phone(99)}
        mine = PHONE if name.endswith("sms") else EMAIL
        return browser.submit(SIGN_IN, {"identifier": typed.get(name, mine)})
