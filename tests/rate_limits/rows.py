"""One more of whatever a row of the table of limits counts, and the same on a page."""

from passwordless_otp.models import Verification
from tests.pages.conftest import SIGN_IN, SIGN_IN_VERIFY, PageVisitor
from tests.visitor import EMAIL, LIMITS, PHONE, ApiVisitor, both_kinds, joined, wrong


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


def signed_out(email=EMAIL):
    """A browser that the holder of this address has signed in with before."""
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
        self.recognised = self.guessing = None

    def one_more(self, name, number):
        if name == "recognised_messages":
            self.recognised = self.recognised or signed_out()
            self.recognised.sign_in("other@example.com")
            return self.recognised.sign_in(EMAIL, "email_code")
        if name == "ip_failures":
            self.guessing = ApiVisitor()
            return guess(f"u{number}@example.com", self.guessing)
        steps = {
            "identifier_messages": lambda: elsewhere(number).sign_in(EMAIL, "email_code"),
            "identifier_ip_messages": lambda: ApiVisitor().sign_in(EMAIL, "email_code"),
            "identifier_emails": lambda: elsewhere(number).sign_in(EMAIL, "email_code"),
            "identifier_sms": lambda: elsewhere(number).sign_in(PHONE, "phone_code"),
            "mailbox_messages": lambda: elsewhere(number).sign_in(f"jane+{number}@example.com", "email_code"),
            "ip_flows": lambda: ApiVisitor().sign_in(f"u{number}@example.com"),
            "ip_messages": lambda: ApiVisitor().sign_in(f"u{number}@example.com", "email_code"),
            "ip_sms": lambda: ApiVisitor().sign_in(phone(number), "phone_code"),
            "instance_emails": lambda: elsewhere(number).sign_in(f"u{number}@example.com", "email_code"),
        }
        return steps[name]()

    def on_page(self, name):
        browser = PageVisitor()
        if name == "recognised_messages":
            browser.cookies = self.recognised.http.cookies
            browser.submit(SIGN_IN, {"identifier": "third@example.com"})
        if name == "ip_failures":
            browser.cookies = self.guessing.http.cookies
            return browser.submit(SIGN_IN_VERIFY, {"code": "000000"})
        typed = {"identifier_sms": PHONE, "mailbox_messages": "jane+99@example.com", "ip_sms": phone(99)}
        return browser.submit(SIGN_IN, {"identifier": typed.get(name, EMAIL)})
