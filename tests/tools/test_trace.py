"""How much of the package each step of a sign-in runs. A step that grows fails."""

from pathlib import Path

import pytest

from tools.trace import STEPS, steps
from tools.trace.calls import Calls

CEILINGS = {  # functions, files
    "API create": (97, 26),
    "API attempt": (100, 28),
    "page sign-in": (87, 24),
    "page verify": (94, 28),
}


def recorded(function):
    """Record the calls of a function of this file."""
    calls = Calls(Path(__file__).parent)
    calls.run(function)
    return calls


def shallow():
    return sum(number for number in [1, 2])


def deep():
    return [shallow() for _ in range(2)] + [middle()]


def middle():
    return (lambda: shallow() + 1)()


@pytest.mark.django_db(transaction=True)
def test_no_step_of_a_sign_in_exceeds_its_ceiling():
    traced = steps.trace()
    assert list(traced) == STEPS == list(CEILINGS)
    counted = {name: (calls.functions, calls.files) for name, calls in traced.items()}
    for name, ceiling in CEILINGS.items():
        assert all(number <= most for number, most in zip(counted[name], ceiling, strict=True)), counted


def test_deeper_chain_of_calls_counts_more_functions():
    assert recorded(shallow).functions == 1
    assert recorded(deep).functions == 4


def test_comprehension_and_repeated_call_count_once():
    names = [line.split()[-1] for line in recorded(deep).lines()]
    assert names == ["deep", "shallow", "middle", "middle.<locals>.<lambda>"]


def test_function_is_indented_by_the_depth_of_its_first_call():
    depths = [len(line) - len(line.lstrip()) for line in recorded(deep).lines()]
    assert depths == [0, 2, 2, 4]


def test_function_of_another_folder_does_not_count():
    calls = Calls(Path(__file__).parent / "elsewhere")
    calls.run(deep)
    assert (calls.functions, calls.files) == (0, 0)
