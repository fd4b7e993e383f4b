"""Whoever has no pytest misses the kit, and nothing else."""

import os
import pkgutil
import subprocess
import sys

import passwordless_otp
from tests.docs.blocks import ROOT

WITHOUT = """
import importlib, sys
sys.modules["pytest"] = None
import django
django.setup()
for name in sys.argv[1:]:
    importlib.import_module(name)
"""


def modules():
    found = pkgutil.walk_packages(passwordless_otp.__path__, "passwordless_otp.", onerror=lambda name: None)
    return [module.name for module in found]


def load(*names):
    """Import these where there is no pytest; return what was said."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", WITHOUT, *names]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stderr


def test_nothing_but_the_kit_needs_pytest():
    others = [name for name in modules() if not name.startswith("passwordless_otp.testing")]
    assert len(others) > 50
    assert load(*others) == ""


def test_kit_says_that_it_needs_pytest():
    assert "pytest" in load("passwordless_otp.testing.provider").splitlines()[-1]
