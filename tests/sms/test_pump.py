"""Somebody who is paid for each SMS asks for as many as a script can, to numbers of his own."""

import pytest

from tests.sms.strangers import ask, elsewhere, sent
from tests.visitor import both_kinds

pytestmark = pytest.mark.django_db


def some_or(many):
    """As many as are quick, or more than any limit of an hour takes."""
    return pytest.mark.parametrize("numbers", [40, pytest.param(many, marks=pytest.mark.slow)])


@some_or(150)
def test_six_of_many_numbers_of_one_prefix_get_an_sms(numbers):
    both_kinds()
    for index in range(numbers):
        ask(f"+1415555{index:04}", index)
    assert sent() == 6


@some_or(1000)
def test_thirty_of_many_numbers_of_a_country_get_an_sms(numbers):
    both_kinds()
    for index in range(numbers):
        ask(elsewhere(index), index)
    assert sent() == 30
