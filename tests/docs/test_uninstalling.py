"""The commands by which docs/customizing.md removes the app leave nothing of it in the database."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.docs.blocks import ROOT, blocks

pytestmark = pytest.mark.slow
SETTINGS = """from tests.settings import *
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": %r}}
"""
WITHOUT = """
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "passwordless_otp"]
ROOT_URLCONF = "without"
del PASSWORDLESS_OTP
"""


def test_commands_of_the_page_remove_every_table_and_permission(tmp_path):
    database, settings = tmp_path / "db.sqlite3", tmp_path / "with_app.py"
    settings.write_text(SETTINGS % str(database))
    (tmp_path / "without.py").write_text("urlpatterns = []")
    environ = {**os.environ, "PYTHONPATH": f"{tmp_path}:{ROOT}", "DJANGO_SETTINGS_MODULE": "with_app"}

    def manage(*words):
        command = [sys.executable, "-m", "django", *words]
        subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True, timeout=120)

    def left():
        with closing(sqlite3.connect(database)) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'passwordless%'")
            types = connection.execute(
                "SELECT model FROM django_content_type WHERE app_label = 'passwordless_otp'"
            )
            return tables.fetchall() + types.fetchall()

    manage("migrate")
    assert left()
    drop, clean = [
        block.text.split()[2:]
        for block in blocks(ROOT / "docs" / "customizing.md", "sh")
        if "manage.py" in block.text
    ][-2:]
    manage(*drop)
    settings.write_text(settings.read_text() + WITHOUT)
    manage(*clean, "--noinput")
    assert left() == []
