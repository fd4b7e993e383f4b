"""Checks of what the app needs from the site: apps, middleware, threads and the database."""

import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage
from django.db import connections, router
from django.utils.module_loading import import_string

from passwordless_otp import conf, models
from passwordless_otp.checks.findings import error, warning
from passwordless_otp.messaging import thread_pool

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
SQLITE = (3, 35)  # the first version with RETURNING


def check_apps(**_: Any) -> list[CheckMessage]:
    """Look for the apps that this one needs."""
    text, hint = "INSTALLED_APPS has no {!r}, which signing in needs.", "Add {!r} to it."
    missing = [name for name in APPS if not apps.is_installed(name)]
    return [warning("W004", text.format(name), hint.format(name)) for name in missing]


def check_middleware(**_: Any) -> list[CheckMessage]:
    """Look for the middleware that signing in needs."""
    missing = [kind for kind in [SessionMiddleware, AuthenticationMiddleware] if not _is_used(kind)]
    text = "MIDDLEWARE has no {0.__name__}: nobody can be signed in."
    hint = "Add '{0.__module__}.{0.__name__}' to it."
    return [error("E007", text.format(kind), hint.format(kind)) for kind in missing]


def check_threads(**_: Any) -> list[CheckMessage]:
    """Look for a server that runs no threads although threads deliver messages."""
    if thread_pool.can_run() or not isinstance(conf.given(), Mapping) or conf.get("DISPATCH") != "thread":
        return []
    text = "DISPATCH is 'thread', but uWSGI runs no threads: messages are not sent."
    return [warning("W008", text, "Start uWSGI with enable-threads, or run `manage.py otp_deliver --watch`.")]


def check_database(**_: Any) -> list[CheckMessage]:
    """Look at which databases hold users and the app's tables."""
    return [*_check_routers(), *_check_vendor()]


def _is_used(kind: type) -> bool:
    """Return whether the site uses this middleware or one derived from it."""
    for path in settings.MIDDLEWARE:
        try:
            found = import_string(path)
        except ImportError:
            continue  # Django reports it
        if isinstance(found, type) and issubclass(found, kind):
            return True
    return False


def _check_routers() -> Iterator[CheckMessage]:
    home = router.db_for_write(get_user_model())
    own = [getattr(models, name) for name in models.__all__]
    elsewhere = [model.__name__ for model in own if router.db_for_write(model) != home]
    if elsewhere:
        text = f"DATABASE_ROUTERS writes users to {home!r}, but not {', '.join(elsewhere)}: sign-ups fail."
        hint = "Write them to one database: one transaction creates a user and what they have verified."
        yield error("E005", text, hint)


def _check_vendor() -> Iterator[CheckMessage]:
    vendor = connections[router.db_for_write(models.Flow)].vendor
    if vendor == "postgresql" or (vendor == "sqlite" and sqlite3.sqlite_version_info >= SQLITE):
        return
    text = f"DATABASES uses {vendor}, which is not supported: limits may not hold for simultaneous requests."
    yield warning("W001", text, "Use PostgreSQL, or SQLite from version 3.35 on.")
