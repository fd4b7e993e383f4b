"""What is in the wheel, and that a new site works with it."""

import subprocess
import time

import pytest

from tests.docs.blocks import ROOT
from tests.languages import FOLDERS
from tests.packaging.conftest import run

pytestmark = pytest.mark.slow

VISIT = """
from django.core.management import call_command
from django.template.loader import get_template
from django.contrib.staticfiles import finders
from django.test import Client
from passwordless_otp.messaging import render
from passwordless_otp.models.messages import MessageKind

call_command("migrate", verbosity=0)
for name in {templates!r}:
    get_template(name)
for name in {static!r}:
    assert finders.find(name), name
for kind in MessageKind:
    words = {{"code": "123456", "app": "a", "domain": "example.com", "minutes": 1}}
    assert render.compose(kind, "email", words).subject
    if kind in ["sign_in", "sign_up"]:
        assert "123456" in render.compose(kind, "sms", words).body
for page in ["sign-in/", "sign-up/"]:
    assert b"<form" in Client().get("/auth/" + page).content, page
answer = Client().post("/auth/v1/client/sign_ups", {{"email_address": "jane@example.com"}},
    content_type="application/json")
assert answer.status_code == 200, answer.content
print("visited")
"""


def inside(files, folder):
    """Return the names of the files in a folder of the package, less the folder."""
    prefix = f"passwordless_otp/{folder}/"
    return sorted(name.removeprefix(prefix) for name in files if name.startswith(prefix))


def test_the_wheel_holds_the_package_and_nothing_else(files):
    assert {name.split("/")[0].split("-")[0] for name in files} == {"passwordless_otp"}


def test_every_file_of_the_package_is_in_the_wheel(files):
    found = [path for path in (ROOT / "passwordless_otp").rglob("*") if path.is_file()]
    kept = {str(path.relative_to(ROOT)) for path in found if "__pycache__" not in path.parts}
    assert kept - files == set()
    assert "passwordless_otp/py.typed" in files
    assert "passwordless_otp/migrations/0001_initial.py" in files


@pytest.mark.parametrize("folder", ["templates", "static"])
def test_templates_and_static_files_are_in_the_wheel(files, folder):
    assert inside(files, folder)


def test_every_catalog_is_in_the_wheel_as_people_read_it_and_compiled(files):
    names = {name.rpartition(".")[0] for name in inside(files, "locale")}
    assert names == {f"{folder}/LC_MESSAGES/django" for folder in FOLDERS}
    assert sorted(inside(files, "locale")) == sorted(name + end for name in names for end in [".mo", ".po"])


def test_the_licence_is_in_the_wheel(files):
    assert [name for name in files if name.endswith(".dist-info/licenses/LICENSE")]


@pytest.mark.parametrize("command", ["check --fail-level WARNING", "makemigrations --check --dry-run"])
def test_a_new_site_has_nothing_to_complain_of(python, site, command):
    run(python, "manage.py", *command.split(), cwd=site)


def test_a_new_site_works(python, site, files):
    script = VISIT.format(templates=inside(files, "templates"), static=inside(files, "static"))
    assert "visited" in run(python, "manage.py", "shell", "-v", "0", "-c", script, cwd=site)


def test_the_demo_needs_nothing_but_what_the_package_asks_for(python, tmp_path):
    command = [python, "manage.py", "demo", "--port", "0"]
    output = tmp_path / "output"
    environment = {"DEMO_DATABASE": str(tmp_path / "demo.sqlite3"), "PATH": ""}
    with output.open("w") as out:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 60
        while "is at http://127.0.0.1:" not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
