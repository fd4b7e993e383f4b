"""The recipes of docs/second-factor.md, each in a project with the real package."""

import subprocess
import sys

import pytest

from tests import needs
from tests.docs.blocks import ROOT

PACKAGES = {
    "django-otp": ["django_otp"],
    "two-factor": ["two_factor"],
    "allauth.mfa": ["allauth", "fido2", "qrcode"],
}


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_recipe_asks_for_the_second_factor_of(package):
    needs.installed(*PACKAGES[package])
    done = subprocess.run(
        [sys.executable, "-m", "tests.projects.second_factor", package],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "asked, refused, let in"
