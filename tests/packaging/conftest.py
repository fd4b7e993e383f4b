"""A wheel, and a virtual environment with nothing but the wheel and what it asks for."""

import os
import subprocess
import sys
import venv
import zipfile

import pytest

from tests import needs
from tests.docs.blocks import ROOT

MINUTES = 5 * 60


def run(*command, cwd, **options):
    """Run this outside of the tests' environment, and return what it printed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COV_", "DJANGO_", "PYTEST_", "PYTHON"))}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
        timeout=MINUTES,
        check=False,
        **options,
    )
    if done.returncode:
        raise AssertionError(done.stdout[-2000:] + done.stderr[-2000:])
    return done.stdout


def downloaded(*command, cwd):
    """Run what needs a package index. Without one skip; where everything has to run, fail."""
    try:
        run(*command, cwd=cwd)
    except AssertionError:
        if os.environ.get("CI") == "true":
            raise
        needs.lacking("needs a package index: connect to one, or set CI=true to see what went wrong")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The path of the wheel, built from the checkout."""
    needs.installed("build")
    folder = tmp_path_factory.mktemp("wheel")
    downloaded(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def files(wheel):
    """The names of the files in it."""
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="session")
def python(wheel, tmp_path_factory):
    """The Python of the clean environment."""
    folder = tmp_path_factory.mktemp("clean")
    venv.create(folder, with_pip=True)
    path = folder / "bin/python"
    downloaded(path, "-m", "pip", "install", "-q", wheel, cwd=folder)
    return path


@pytest.fixture(scope="session")
def site(python, tmp_path_factory):
    """A new Django project with the app, made by the steps of README.md."""
    folder = tmp_path_factory.mktemp("site")
    run(python, "-m", "django", "startproject", "mysite", ".", cwd=folder)
    with (folder / "mysite/settings.py").open("a") as settings:
        settings.write(
            'INSTALLED_APPS += ["passwordless_otp"]\n'
            'LOGIN_URL = "passwordless_otp:sign_in"\n'
            'PASSWORDLESS_OTP = {"PUBLIC_URL": "https://example.com"}\n'
            'ALLOWED_HOSTS = ["testserver"]\n'
        )
    with (folder / "mysite/urls.py").open("a") as urls:
        urls.write(
            'from django.urls import include\nurlpatterns += [path("auth/", include("passwordless_otp.urls"))]\n'
        )
    return folder
