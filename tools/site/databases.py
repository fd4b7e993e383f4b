"""Databases for one run of a tool, removed at its end: an SQLite file, or a database of a PostgreSQL server."""

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.core.management import call_command

from tools.site import BLOCKING


@contextmanager
def sqlite() -> Iterator[str]:
    """Yield the URL of an SQLite file in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="passwordless_otp-") as folder:
        yield f"sqlite:///{Path(folder) / 'tools.sqlite3'}"


@contextmanager
def postgresql(server: str) -> Iterator[str]:
    """Yield the URL of a new database on the server that this URL names."""
    import psycopg  # not needed for SQLite

    name = f"tools_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def environment(database: str, dispatch: str = BLOCKING, mail: str = "") -> dict[str, str]:
    """Return the environment variables of a process that uses the tools' site; see `tools.site.settings`."""
    root = str(Path(__file__).resolve().parents[2])
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tools.site.settings",
        "PYTHONPATH": os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")])),
        "TOOLS_DATABASE": database,
        "TOOLS_DISPATCH": dispatch,
        "TOOLS_MAIL": mail,
    }


def start(database: str, dispatch: str = BLOCKING) -> None:
    """Set up Django in this process and make the tables. Before that, no model can be imported."""
    os.environ.update(environment(database, dispatch))
    django.setup()
    call_command("migrate", verbosity=0, interactive=False)
