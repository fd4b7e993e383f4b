"""Is there anything left that is for development only?"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError

from passwordless_otp import conf
from passwordless_otp.checks.findings import error, warning
from passwordless_otp.checks.settings import check_settings
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import InstanceSettings, restrictions

FOR_DEVELOPMENT = {f"{conf.BACKENDS}.{name}Backend" for name in ["console.Console", "memory.Memory"]}


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Look for what is for development only."""
    if check_settings():
        return []  # those come first
    return [*_unnamed(), *_undelivered(), *_open_to_testers(), *_unlisted(), *_countryless()]


def _unnamed() -> Iterator[CheckMessage]:
    if not conf.public_origin():
        hint = "Set it to what people see, such as 'https://example.com': messages name it and link to it."
        yield warning("W002", "PASSWORDLESS_OTP has no PUBLIC_URL.", hint)


def _undelivered() -> Iterator[CheckMessage]:
    settings = _saved() or InstanceSettings()
    for kind in [kind for kind in Kind if settings.offers(kind)]:
        for path in {entry["BACKEND"] for entry in conf.chain(kind.channel)} & FOR_DEVELOPMENT:
            hint = f"Name a provider in DELIVERY[{kind.channel!r}]."
            yield error("E006", f"Codes by {kind.channel} reach nobody: {path} is for development.", hint)
    if conf.get("DISPATCH") == "blocking":
        hint = "Use 'thread' or a task queue: how long an answer takes tells who has an account."
        yield error("E006", "DISPATCH is 'blocking': answers wait for the provider.", hint)
    if conf.get("DISPATCH") == "tasks":
        yield from _tasks_for_development()


def _tasks_for_development() -> Iterator[CheckMessage]:
    from passwordless_otp.messaging import tasks

    backend = type(tasks.deliver.get_backend()).__name__
    if backend in {"ImmediateBackend", "DummyBackend"}:
        hint = "Name a backend with a worker in TASKS, such as 'django_tasks_db.DatabaseBackend'."
        yield error("E006", f"DISPATCH is 'tasks', but the {backend} is for development.", hint)


def _open_to_testers() -> Iterator[CheckMessage]:
    settings = _saved()
    if settings is not None and settings.test_mode:
        hint = "Turn it off in the admin: whoever knows a test identifier and its code can sign in with it."
        yield warning("W003", "Test mode is on.", hint)


def _unlisted() -> Iterator[CheckMessage]:
    settings = _saved()
    if settings is not None and settings.block_disposable and not restrictions.disposable_list_installed():
        hint = "Install passwordless_otp[disposable], or turn the setting off in the admin."
        yield warning("W013", "Disposable addresses are to be refused, but there is no list of them.", hint)


def _countryless() -> Iterator[CheckMessage]:
    settings = _saved()
    if settings is not None and settings.offers(Kind.PHONE_NUMBER) and not settings.sms_countries:
        hint = "Open some in the admin, or turn SMS codes off: nobody new gets a code by SMS."
        yield warning("W009", "SMS codes are on, but no country is open.", hint)


def _saved() -> InstanceSettings | None:
    """Return the instance settings; `None` where there are no tables yet, or no database to be reached."""
    try:
        return InstanceSettings.current()
    except (AnyDatabaseError, ImproperlyConfigured):
        return None
