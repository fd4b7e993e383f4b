"""What the app imports: no provider's library, before it has something to send by it."""

import json
import os
import subprocess
import sys

import pytest

from tests.docs.blocks import ROOT

LIBRARIES = ["anymail", "boto3", "botocore", "twilio", "urllib3"]
SCRIPT = """
import json, sys, django
if "anymail" not in sys.argv[1]:
    sys.modules["requests"] = None  # nobody can import it: Django REST framework would, for itself
from django.conf import settings
from tests import settings as given
values = {name: value for name, value in vars(given).items() if name.isupper()}
values["INSTALLED_APPS"] += json.loads(sys.argv[1])
settings.configure(**values)
django.setup()
import pkgutil
from importlib import import_module
import passwordless_otp
for module in pkgutil.walk_packages(passwordless_otp.__path__, "passwordless_otp."):
    import_module(module.name)
from passwordless_otp.messaging.backends.email import EmailBackend
from passwordless_otp.webhooks import anymail
EmailBackend()
modules = list(sys.modules)
from anymail.signals import tracking
print(json.dumps({"modules": modules, "heard": tracking.has_listeners()}))
"""


def imported(*apps):
    """Return what a fresh process imports that has these apps, too, and whether it listens to Anymail."""
    command = [sys.executable, "-c", SCRIPT, json.dumps(apps)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stderr
    answer = json.loads(run.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in answer["modules"]}, answer["heard"]


def test_the_app_with_all_its_modules_imports_no_providers_library():
    modules, _heard = imported()
    assert {"passwordless_otp", "rest_framework"} <= modules
    assert not modules.intersection(LIBRARIES)


@pytest.mark.parametrize(("apps", "listens"), [([], False), (["anymail"], True)])
def test_anymail_is_listened_to_where_the_site_has_installed_it(apps, listens):
    assert imported(*apps)[1] == listens
