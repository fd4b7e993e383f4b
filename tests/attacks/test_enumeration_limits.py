"""Whoever is asked for, the same limit is reached at the same number, and codes grow alike."""

from types import SimpleNamespace

import pytest

from passwordless_otp.models import Counter, Verification
from passwordless_otp.rate_limits import windows
from tests import hooks
from tests.rate_limits.rows import another, elsewhere, only
from tests.seen import PEOPLE, people, snapshot
from tests.visitor import ApiVisitor

pytestmark = pytest.mark.django_db
EMAIL, PHONE = ("email_address", "email_code"), ("phone_number", "phone_code")
CHANNELS = {"email_address": "emails", "phone_number": "sms"}
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
@pytest.mark.parametrize("name", ["identifier_{}", "identifier_{}_per_day", "ip_{}"])
@pytest.mark.parametrize("sources", [1, 5])
def test_the_same_limit_on_messages_is_reached_at_the_same_number(kind, strategy, name, sources):
    def steps(address, number):
        return [lambda n=n: elsewhere(n % sources).sign_in(address, strategy) for n in range(number)]

    asked = compare(kind, steps, 5, **{name.format(CHANNELS[kind]): 3})
    goes_through = {("ip_{}", 1): 3, ("ip_{}", 5): 5}.get((name, sources), 3 if sources > 1 else 2)
    assert asked == ["200"] * goes_through + ["429"] * (5 - goes_through)


@KINDS
def test_limits_of_one_kind_leave_the_other_alone(kind, strategy):
    [other] = {*CHANNELS.values()} - {CHANNELS[kind]}
    asked = compare(
        kind, lambda a, n: [lambda: ApiVisitor().sign_in(a, strategy)] * n, 5, **{f"identifier_{other}": 3}
    )
    assert asked == ["200"] * 5


@KINDS
def test_taken_and_free_reach_the_limits_of_a_sign_up_alike(kind, strategy):
    def steps(address, number):
        return [lambda n=n: elsewhere(n).sign_up(**{kind: address}, strategy=strategy) for n in range(number)]

    assert compare(kind, steps, 5, **{f"identifier_{CHANNELS[kind]}": 3}) == ["200"] * 3 + ["429"] * 2


@pytest.mark.parametrize(("kind", "strategy"), [EMAIL, pytest.param(*PHONE, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "numbers",
    [{"identifier_failures": 2, "identifier_failures_per_day": 4}, {"instance_failures": 2}, {"ip_failures": 2}],
    ids=["identifier", "instance", "IP address"],
)
def test_codes_grow_and_wrong_ones_are_refused_alike(kind, strategy, numbers):
    def steps(address, number):
        for source in range(number):
            visitor = ApiVisitor() if "ip_failures" in numbers else elsewhere(source)
            yield lambda v=visitor: v.sign_in(address, strategy)
            code = another(Verification.objects.filter(value=address).order_by("-pk")[0].code())
            yield lambda v=visitor, c=code: v.attempt(c, strategy)

    answers = compare(kind, steps, 6, **numbers)
    assert answers == ["200", "422"] * 2 + ["200", "429" if "ip_failures" in numbers else "422"] * 4
    lengths = Verification.objects.filter(flow__user=None).order_by("pk").values_list("length", flat=True)
    grown = {"identifier_failures": [6, 6, 8, 8, 13, 13], "instance_failures": [6, 6, 8, 8, 8, 8]}
    assert list(lengths)[-6:] == grown.get(next(iter(numbers)), [6] * 6)
