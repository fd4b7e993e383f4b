"""The real django-allauth, in a process of its own: its tables are in no other site here."""

import pytest

from tests import needs, nested


@pytest.mark.slow
def test_what_was_proven_is_verified_at_allauth_and_the_reverse():
    needs.installed("allauth")
    nested.passes("tests/any_user/allauth_cases.py", "--ds=tests.sites.with_allauth")
