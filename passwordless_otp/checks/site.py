"""Checks of what the app needs from the site: apps, middleware, threads and the database."""

import sqlite3
from collections.abc import Iterator, Mapping
from email.utils import getaddresses
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage
from django.db import connections, router
from django.template import TemplateDoesNotExist
from django.template.loader import get_template
from django.utils.module_loading import import_string

from passwordless_otp import conf, models, tenants
from passwordless_otp.checks.findings import error, warning
from passwordless_otp.checks.settings import check_settings
from passwordless_otp.messaging import render, routes, thread_pool
from passwordless_otp.messaging.backends.email import EmailBackend

APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
SESSIONS = "django.contrib.sessions"
IN_DATABASE = {f"{SESSIONS}.backends.{name}" for name in ["db", "cached_db"]}
OWN_NAME = "passwordless_otp"
TEMPLATE = f"{render.FOLDER}/sign_in/body.txt"
SQLITE = (3, 35)  # the first version with RETURNING


def check_apps(**_: Any) -> list[CheckMessage]:
    """Look for the apps that this one needs."""
    text, hint = "INSTALLED_APPS has no {!r}, which signing in needs.", "Add {!r} to it."
    needed = [*APPS, SESSIONS] if settings.SESSION_ENGINE in IN_DATABASE else APPS
    missing = [name for name in needed if not apps.is_installed(name)]
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


def check_templates(**_: Any) -> list[CheckMessage]:
    """Look for an engine that finds the templates of messages."""
    try:
        get_template(TEMPLATE)
    except (TemplateDoesNotExist, ImproperlyConfigured):
        text = "TEMPLATES has no engine that finds the app's templates: no message can be sent."
        hint = "Add a DjangoTemplates engine with 'APP_DIRS': True."
        return [error("E018", text, hint)]
    return []


def check_sender(**_: Any) -> list[CheckMessage]:
    """Look for senders of emails that can't be parsed. If `check_settings` finds anything, return nothing."""
    if check_settings():
        return []
    found: list[CheckMessage] = []
    text = "{} can't be read as one address: no email is sent."
    hint = """Put a name with a comma into quotes: '"Doe, Jane" <jane@example.com>'."""
    for backend in [provider.backend() for provider in routes.providers_of("email")]:
        if not isinstance(backend, EmailBackend):
            continue
        name = "DEFAULT_FROM_EMAIL" if backend.from_email is None else "from_email in DELIVERY['email']"
        if not _is_sender(str(backend.from_email or settings.DEFAULT_FROM_EMAIL)):
            found.append(error("E019", text.format(name), hint))
    return found


def _is_sender(text: str) -> bool:
    """Return whether Django can write this into a mail, as one address."""
    try:
        EmailMessage("", "", text, ["jane@example.com"]).message()
    except ValueError:
        return False
    parsed = getaddresses([text])
    return len(parsed) == 1 and parsed[0][1] != ""


def check_tenants(**_: Any) -> list[CheckMessage]:
    """Look at where django-tenants makes the tables of the app and of users."""
    if not apps.is_installed("django_tenants"):
        return []
    shared, own = tenants.apps_by_place()
    users = apps.get_app_config(get_user_model()._meta.app_label).name
    if OWN_NAME in shared and OWN_NAME in own:
        text = (
            "'passwordless_otp' is in SHARED_APPS and in TENANT_APPS: a tenant whose tables are still to be made "
        )
        text += "would sign in its own users by the identifiers of others."
        return [error("E017", text, f"Leave it in the one that has {users!r} for the users who sign in.")]
    if OWN_NAME in shared and users in own:
        text = f"'passwordless_otp' is in SHARED_APPS, but each tenant has users of its own ({users!r})."
        return [error("E017", text, "Move it to TENANT_APPS.")]
    if OWN_NAME in own and users not in own:
        text = f"'passwordless_otp' is in TENANT_APPS, but tenants share their users ({users!r}): "
        text += "whoever signs up with two tenants becomes two users."
        return [error("E017", text, "Move it to SHARED_APPS.")]
    return []


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
    text = f"DATABASES uses {vendor}, which is not supported: the app's tables can't be made or used there."
    yield error("E016", text, "Use PostgreSQL, or SQLite from version 3.35 on.")
