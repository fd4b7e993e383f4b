"""Does the site have what ours stands on?"""

from collections.abc import Mapping
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from passwordless_otp import conf
from passwordless_otp.checks.findings import error, warning
from passwordless_otp.messaging import thread_pool

APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]


def check_apps(**_: Any) -> list[CheckMessage]:
    """Look for the apps that ours stands on."""
    missing = [name for name in APPS if not apps.is_installed(name)]
    return [warning("W004", f"{name} is not installed.", f"Add '{name}' to INSTALLED_APPS.") for name in missing]


def check_middleware(**_: Any) -> list[CheckMessage]:
    """Look for the middleware without which nobody can be signed in."""
    missing = [kind for kind in [SessionMiddleware, AuthenticationMiddleware] if not _used(kind)]
    return [
        error("E007", f"{kind.__name__} is missing.", f"Add '{kind.__module__}.{kind.__name__}' to MIDDLEWARE.")
        for kind in missing
    ]


def check_threads(**_: Any) -> list[CheckMessage]:
    """Look whether the server lets threads run, where they deliver."""
    if thread_pool.can_run() or not isinstance(conf.given(), Mapping) or conf.get("DISPATCH") != "thread":
        return []
    hint = "Start uWSGI with enable-threads, or run `manage.py otp_deliver --watch` beside it."
    return [warning("W008", "DISPATCH is 'thread', but uWSGI runs no threads.", hint)]


def _used(kind: type) -> bool:
    """Tell whether the site uses this middleware, or one derived from it."""
    for path in settings.MIDDLEWARE:
        try:
            found = import_string(path)
        except ImportError:
            continue  # Django says so itself
        if isinstance(found, type) and issubclass(found, kind):
            return True
    return False
