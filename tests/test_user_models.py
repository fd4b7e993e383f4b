"""The app in other sites: `tests/any_user` once more for each, in a process of its own."""

import pytest

from tests import nested


@pytest.mark.slow
@pytest.mark.parametrize("site", ["email_user", "uuid_user", "replica"])
def test_everything_works_in(site):
    nested.passes("tests/any_user", f"--ds=tests.sites.{site}")
