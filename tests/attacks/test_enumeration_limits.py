"""Whoever is asked for, the same limit is reached at the same number, and codes grow alike."""

from types import SimpleNamespace

import pytest

from passwordless_otp.models import Counter, Verification
from passwordless_otp.rate_limits import windows
from tests import hooks
from tests.rate_limits.rows import another, only
from tests.seen import PEOPLE, people, snapshot
from tests.visitor import ApiVisitor

pytestmark = pytest.mark.django_db
EMAIL, PHONE = ("email_address", "email_code"), ("phone_number", "phone_code")
KINDS = pytest.mark.parametrize(("kind", "strategy"), [EMAIL, PHONE])


@pytest.fixture(autouse=True)
def stopped(settings, monkeypatch):
    """Delivery happens elsewhere, and no second passes between two answers."""
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    monkeypatch.setattr(windows, "time", SimpleNamespace(time=lambda: 1_800_000_000))
    hooks.recorded.clear()


def compare(kind, steps_of, number, **numbers):
    """Let each be asked for by the same steps, with the same counters before; return the statuses."""
    addresses, shown = people(kind), {}
    only(**numbers)
    for name, address in addresses.items():
        Counter.objects.all().delete()
        ApiVisitor().get("environment")
        shown[name] = [snapshot(step, address) for step in steps_of(address, number)]
    for name in [*PEOPLE, "unknown"]:
        for step, (answer, expected) in enumerate(zip(shown[name], shown["known"], strict=True)):
            assert answer == expected, f"{name} differs from known at step {step}"
    return [str(answer[0]) for answer, _ in shown["unknown"]]


@KINDS
@pytest.mark.parametrize(
    "name",
    ["identifier_messages", "identifier_ip_messages", "identifier_emails", "identifier_sms", "ip_messages"],
)
def test_the_same_limit_on_messages_is_reached_at_the_same_number(kind, strategy, name):
    other = {"email_address": "identifier_sms", "phone_number": "identifier_emails"}
    asked = compare(
        kind, lambda address, n: [lambda: ApiVisitor().sign_in(address, strategy)] * n, 5, **{name: 3}
    )
    assert asked == (["200"] * 5 if name == other[kind] else ["200"] * 3 + ["429"] * 2)


@KINDS
def test_taken_and_free_reach_the_limits_of_a_sign_up_alike(kind, strategy):
    def steps(address, number):
        return [lambda: ApiVisitor().sign_up(**{kind: address}, strategy=strategy)] * number

    assert compare(kind, steps, 5, identifier_messages=3) == ["200"] * 3 + ["429"] * 2


@pytest.mark.parametrize(("kind", "strategy"), [EMAIL, pytest.param(*PHONE, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "numbers",
    [{"identifier_failures": 2, "identifier_failures_per_day": 4}, {"instance_failures": 2}, {"ip_failures": 2}],
    ids=["identifier", "instance", "IP address"],
)
def test_codes_grow_and_wrong_ones_are_refused_alike(kind, strategy, numbers):
    def steps(address, number):
        for _ in range(number):
            visitor = ApiVisitor()
            yield lambda v=visitor: v.sign_in(address, strategy)
            code = another(Verification.objects.filter(value=address).order_by("-pk")[0].code())
            yield lambda v=visitor, c=code: v.attempt(c, strategy)

    answers = compare(kind, steps, 6, **numbers)
    assert answers == ["200", "422"] * 2 + ["200", "429" if "ip_failures" in numbers else "422"] * 4
    lengths = Verification.objects.filter(flow__user=None).order_by("pk").values_list("length", flat=True)
    grown = {"identifier_failures": [6, 6, 8, 8, 13, 13], "instance_failures": [6, 6, 8, 8, 8, 8]}
    assert list(lengths)[-6:] == grown.get(next(iter(numbers)), [6] * 6)
