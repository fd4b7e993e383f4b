"""The steps that are traced."""

from collections.abc import Callable

from django.conf import settings
from django.test import override_settings

from tools.site import RECORD, package, visitors
from tools.site.visitors import ApiVisitor, PageVisitor, Visitor
from tools.trace import STEPS
from tools.trace.calls import Calls

INTERFACES: list[type[Visitor]] = [ApiVisitor, PageVisitor]


def trace() -> dict[str, Calls]:
    """Trace each step of `STEPS` for an existing user. Needs tables without users; leaves rows behind."""
    options = {"DISPATCH": RECORD, "TRUSTED_PROXIES": 1}
    package.add_users(0, len(INTERFACES))
    steps: list[Calls] = []
    with override_settings(PASSWORDLESS_OTP={**settings.PASSWORDLESS_OTP, **options}):
        for number, interface in enumerate(INTERFACES):
            email = visitors.email_of(number)
            _sign_in(interface, email)
            steps += _sign_in(interface, email)
    return dict(zip(STEPS, steps, strict=True))


def _sign_in(interface: type[Visitor], email: str) -> list[Calls]:
    visitor = interface(email, visitors.InProcess(visitors.new_ip()))
    created = _record(visitor.create)
    code = package.newest_code(email)
    return [created, _record(lambda: visitor.attempt(code))]


def _record(step: Callable[[], None]) -> Calls:
    package.save_settings()  # or the step would now and then include reading them
    calls = Calls(package.FOLDER)
    calls.run(step)
    return calls
