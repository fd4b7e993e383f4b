"""No step looks up who somebody is before it has consumed a limit, and none runs other code for those it finds.

Equal statements do not show this: a look-up that finds a row runs more Python than one that finds none, and
whoever may repeat it without a limit can measure that.
"""

import pytest

from passwordless_otp import keys
from passwordless_otp.models import Identifier, InstanceSettings
from tests.parity import uncounted
from tests.parity.uncounted import PEOPLE, STEPS, address
from tests.visitor import LIMITS, both_kinds

pytestmark = pytest.mark.django_db
WIDE = {name: limit.high for name, limit in LIMITS.items()}
QUICK = [
    "sign-in: create that sends", "sign-in: prepare within the interval", "sign-in: attempt: no code",
    "sign-in: attempt: expired", "sign-up: PATCH of the same", "pages: sign-in", "pages: sign-in: no code",
]  # fmt: skip


@pytest.fixture(autouse=True)
def people(settings):
    """Delivery, where it is looked up who somebody is, happens elsewhere."""
    settings.PASSWORDLESS_OTP = {**settings.PASSWORDLESS_OTP, "DISPATCH": "tests.hooks.record"}
    uncounted.add_people()


def run(name, clock, person):
    """Record this step for this person, in a new browser and with empty counters."""
    step = STEPS[name]
    clock.tick(40 * 86_400)
    both_kinds(limits={**WIDE, **step.limits}, first_name="optional")
    visitor, typed = step.visitor(), address(person)
    step.before(visitor, typed)
    clock.tick(step.seconds)
    Leak.typed = typed
    return uncounted.record(lambda: step.run(visitor, typed))


def run_for_all(name, clock):
    """Record this step for everybody, once it has filled what is cached."""
    run(name, clock, "unknown")
    return {person: run(name, clock, person) for person in PEOPLE}


def look_ups(name, recorded):
    return {
        person: found
        for person, each in recorded.items()
        if (found := each.look_ups(before_consuming=not STEPS[name].reads_nobody))
    }


def differences(recorded):
    """Return by how many calls each function differs from those for somebody unknown, by person."""
    unknown = recorded["unknown"]
    assert {each.status for each in recorded.values()} == {unknown.status}
    assert unknown.calls, "nothing was recorded"
    found = {}
    for person, each in recorded.items():
        functions = each.calls.keys() | unknown.calls.keys()
        calls = {function: each.calls[function] - unknown.calls[function] for function in functions}
        found[person] = {function: number for function, number in calls.items() if number}
    return {person: calls for person, calls in found.items() if calls}


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in STEPS]
)
def test_step_looks_nobody_up_before_it_has_consumed_and_runs_the_same_for_everybody(whole_clock, name):
    recorded = run_for_all(name, whole_clock)
    assert {each.status == 429 for each in recorded.values()} == {STEPS[name].refused}
    assert look_ups(name, recorded) == {}
    assert STEPS[name].is_counted or differences(recorded) == {}


class Leak:
    """A look-up at the very beginning of a request, and one call more for whoever is found."""

    typed = ""

    def __init__(self):
        self.current = InstanceSettings.current

    def __call__(self):
        for found in Identifier.objects.filter(value=self.typed):
            keys.digest("leak", found.value)
        return self.current()


@pytest.mark.parametrize("name", QUICK)
def test_control_look_up_is_found_and_so_is_one_call_more(whole_clock, monkeypatch, name):
    monkeypatch.setattr(InstanceSettings, "current", Leak())
    recorded = run_for_all(name, whole_clock)
    assert recorded.keys() == look_ups(name, recorded).keys()
    more = differences(recorded)
    assert all(more[person]["/keys.py:digest"] >= 1 for person in PEOPLE if person != "unknown"), more


def test_control_two_unknown_people_run_the_same(whole_clock):
    """So a difference is none of the recorder."""
    first, second = (run_for_all("sign-in: attempt: no code", whole_clock)["unknown"].calls for _ in range(2))
    assert first == second
