"""The real django-axes hears of wrong codes, in a process of its own: its tables are in no other site here."""

import pytest

from tests import needs, nested


@pytest.mark.slow
def test_axes_counts_wrong_codes_and_its_lock_out_is_no_answer_of_ours():
    needs.installed("axes")
    nested.passes("tests/attacks/axes_cases.py", "--ds=tests.sites.with_axes")
