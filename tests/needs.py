"""What tests need beyond the extra [test]. Without it a test skips and says how to get it; under CI it fails."""

import os
import re
import shutil
import subprocess
from importlib import import_module
from importlib.util import find_spec

import pytest
from django.db import connection

CI = 'pip install -e ".[ci]"'
NODE = 18


def lacking(reason):
    """Skip this test, or this module while it is imported. Under CI=true fail: there a skip would hide a gap."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


def package(module):
    """Return this module, which belongs to a package of the extra [ci] or needs one."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        lacking(f"needs {error.name}: {CI}")


def installed(*names):
    """Go on where these modules can be imported."""
    for name in names:
        if find_spec(name) is None:
            lacking(f"needs {name}: {CI}")


def program(name, debian=None):
    """Return the path of a program."""
    return shutil.which(name) or lacking(f"needs {name}: apt-get install {debian or name}")


def node():
    """Return the path of Node, where npm is with it."""
    path = program("node", "nodejs npm")
    program("npm", "nodejs npm")
    version = subprocess.run([path, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    if int(re.search(r"\d+", version)[0]) < NODE:
        lacking(f"needs Node {NODE} or later: this is {version.strip()}")
    return path


def postgresql():
    """Go on where the database is PostgreSQL."""
    if connection.vendor != "postgresql":
        lacking("needs PostgreSQL: set DATABASE_URL to postgres://user@host/database")
