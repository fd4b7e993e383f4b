"""The measurement of time tells two groups apart where there is a difference. What it measures is no test."""

import pytest

from tools.site.visitors import NotSignedIn
from tools.timing import measure
from tools.timing.measure import STEPS, auc


@pytest.mark.parametrize(
    ("known", "unknown", "expected"), [([2, 3], [0, 1], 1), ([0, 1], [2, 3], 0), ([1, 2], [1, 2], 0.5)]
)
def test_auc_is_the_probability_of_being_slower(known, unknown, expected):
    assert auc(known, unknown) == expected


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", STEPS)
def test_control_is_told_apart(step):
    found = measure.measure(step, batches=10, requests=10, delay=0.005)
    assert len(found.known) == len(found.unknown) == 10
    assert found.auc >= 0.9


@pytest.mark.django_db(transaction=True)
def test_unexpected_answer_ends_the_measurement(monkeypatch):
    path, body, _status = STEPS["attempt"]
    monkeypatch.setitem(STEPS, "attempt", (path, body, 200))
    with pytest.raises(NotSignedIn):
        measure.measure("attempt", batches=1, requests=1)
