"""What a stranger sees of a person's steps, and what they cost: for comparisons between people."""

from django.contrib.auth import get_user_model

from passwordless_otp.identifiers import parse
from passwordless_otp.models import Identifier, Verification
from passwordless_otp.testing import snapshots
from tests.pages.conftest import PageVisitor
from tests.visitor import both_kinds, wrong

PEOPLE = {
    "known": {"is_active": True},
    "inactive": {"is_active": False},
    "staff": {"is_staff": True},
    "superuser": {"is_superuser": True},
}


def people(kind):
    """Make one of each; return their identifiers, and one that nobody has."""
    both_kinds()
    addresses = {}
    for index, (name, status) in enumerate([*PEOPLE.items(), ("unknown", None)]):
        email, phone = f"p{index}@example.com", f"+1415555267{index}"
        addresses[name] = email if kind == "email_address" else phone
        if status is not None:
            user = get_user_model().objects.create(username=name, **status)
            Identifier.objects.create(user=user, kind=kind, value=addresses[name])
    return addresses


def snapshot(step, address):
    """Do this step; return the answer without noise and without the echo, and its statements."""
    seen = snapshots.take(step, parse(address, None), [])
    return (seen.status, seen.headers, seen.cookies, seen.body), seen.statements


def steps_of(visitor, address, strategy, **options):
    """A sign-in by the API, to the last try and a new one."""
    code = lambda: wrong(Verification.objects.get(value=address).code())  # noqa: E731
    yield lambda: visitor.sign_in(address, **options)
    yield lambda: visitor.prepare(strategy)
    yield visitor.prepare
    yield lambda: visitor.attempt(code(), strategy)
    yield lambda: visitor.attempt("1", strategy)
    for _ in range(5):
        yield lambda: visitor.attempt(code(), strategy)
    yield lambda: visitor.get(f"client/sign_ins/{visitor.flow}")
    yield lambda: visitor.get("client")
    yield lambda: visitor.sign_in(address, strategy, **options)


def walk(start, verify, field, value):
    """A way through two pages."""
    visitor = PageVisitor()
    steps = [
        lambda: visitor.get(start),
        lambda: visitor.submit(start, {field: value}),
        lambda: visitor.get(verify),
        lambda: visitor.submit(start, {field: value}),
        lambda: visitor.submit(verify, {"code": "000000"}),
        lambda: visitor.submit(verify, {"code": ""}),
        lambda: visitor.get(start),
        *[lambda: visitor.submit(verify, {"code": "000000"})] * 4,
        lambda: visitor.get(verify),
        lambda: visitor.submit(start, {field: value}),
    ]
    return [snapshot(step, value) for step in steps]
