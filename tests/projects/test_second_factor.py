"""The recipes of docs/second-factor.md, each in a project with the real package."""

import os
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
def test_recipe_asks_for_the_second_factor_of(package, installed):
    needs.installed(*PACKAGES[package])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "tests.projects.second_factor", package],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{installed}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert done.stdout.splitlines()[-2:] == [str(installed / "passwordless_otp"), "asked, refused, let in"]
