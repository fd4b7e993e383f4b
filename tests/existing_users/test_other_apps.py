"""The real apps that accounts were made with, in a process of its own: their tables are in no other site here."""

import pytest

from tests import needs, nested


@pytest.mark.slow
def test_planted_second_factors_phones_and_social_accounts_are_refused():
    needs.installed("allauth", "django_otp", "fido2", "social_django", "two_factor")
    nested.passes(
        "tests/existing_users/other_apps_cases.py",
        "--ds=tests.sites.with_accounts",
        "-Wignore::DeprecationWarning",
    )
