"""Somebody who is paid for each SMS asks for as many as a script can, to numbers of his own."""

import pytest

from tests.sms.strangers import ask, elsewhere, sent
from tests.visitor import both_kinds

pytestmark = pytest.mark.django_db  # one transaction: a thousand would take a minute
NUMBERS = 1000


def test_five_of_a_thousand_numbers_of_one_prefix_get_an_sms():
    both_kinds()
    for index in range(NUMBERS):
        ask(f"+1415555{index:04}", index)
    assert sent() == 5


def test_thirty_of_a_thousand_numbers_of_a_country_get_an_sms():
    both_kinds()
    for index in range(NUMBERS):
        ask(elsewhere(index), index)
    assert sent() == 30
