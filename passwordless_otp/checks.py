"""System checks: what is wrong with the site's settings, before a visitor notices."""

import difflib
import sqlite3
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Warning  # noqa: A004
from django.db import Error as AnyDatabaseError
from django.db import connections, router
from django.utils.module_loading import import_string

from passwordless_otp import conf, outbox
from passwordless_otp.delivery.backends.base import Backend
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Flow, Identifier, InstanceSettings, Message, TestIdentifier, Verification

OURS = [Flow, Identifier, InstanceSettings, Message, TestIdentifier, Verification]
APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"]
CHANNELS = [kind.channel for kind in Kind]
FOR_DEVELOPMENT = {f"{conf.BACKENDS}.{name}Backend" for name in ["console.Console", "memory.Memory"]}
SQLITE = (3, 35)


def check_settings(**_: Any) -> list[CheckMessage]:
    """Look at `settings.PASSWORDLESS_OTP`."""
    if not isinstance(conf.given(), Mapping):
        return [_error("E001", "PASSWORDLESS_OTP is no dict.", "Write PASSWORDLESS_OTP = {…}.")]
    return [*_misspelt(), *_delivery(), *_functions()]


def check_database(**_: Any) -> list[CheckMessage]:
    """Look at where our tables and the users are."""
    return [*_split(), *_unsupported()]


def check_apps(**_: Any) -> list[CheckMessage]:
    """Look for the apps that ours stands on."""
    missing = [name for name in APPS if not apps.is_installed(name)]
    return [_warning("W004", f"{name} is not installed.", f"Add '{name}' to INSTALLED_APPS.") for name in missing]


def check_deployment(**_: Any) -> list[CheckMessage]:
    """Look for what is for development only."""
    if check_settings():
        return []  # those come first
    return [*_unnamed(), *_undelivered(), *_open_to_testers()]


def _misspelt() -> Iterator[CheckMessage]:
    for name in set(conf.given()) - set(conf.DEFAULTS):
        near = difflib.get_close_matches(str(name).upper(), conf.DEFAULTS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(conf.DEFAULTS)}."
        yield _error("E001", f"PASSWORDLESS_OTP has an unknown key {name!r}.", hint)


def _delivery() -> Iterator[CheckMessage]:
    chosen = conf.get("DELIVERY")
    if not isinstance(chosen, Mapping):
        yield _error("E003", "DELIVERY is no dict.", "It maps a channel to a list with its provider.")
        return
    for channel in [name for name in chosen if name not in CHANNELS]:
        hint = f"The channels are {' and '.join(CHANNELS)}."
        yield _error("E003", f"DELIVERY has an unknown channel {channel!r}.", hint)
    for channel in CHANNELS:
        chain = chosen.get(channel, conf.DEFAULTS["DELIVERY"][channel])
        yield from _provider(channel, chain)


def _provider(channel: str, chain: Any) -> Iterator[CheckMessage]:
    """Never show the values of OPTIONS: they are credentials, and an exception may quote them."""
    if not isinstance(chain, list | tuple) or len(chain) != 1 or not _describes(chain[0]):
        hint = "Write [{'BACKEND': dotted path, 'OPTIONS': its keyword arguments}]: exactly one provider."
        yield _error("E003", f"DELIVERY[{channel!r}] is no list with exactly one provider.", hint)
        return
    path = chain[0]["BACKEND"]
    try:
        backend: Any = outbox.build(chain[0])
    except Exception as error:
        given = ", ".join(map(str, chain[0].get("OPTIONS", {}))) or "none"
        hint = f"It raises {type(error).__name__}. Check the path and the names in OPTIONS (given: {given})."
        yield _error("E002", f"DELIVERY[{channel!r}]: {path} can't be made.", hint)
        return
    if not isinstance(backend, Backend):
        hint = "Derive it from passwordless_otp.delivery.backends.base.Backend."
        yield _error("E002", f"DELIVERY[{channel!r}]: {path} makes no delivery backend.", hint)


def _describes(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and set(entry) <= {"BACKEND", "OPTIONS"}
        and isinstance(entry.get("BACKEND"), str)
        and isinstance(entry.get("OPTIONS", {}), Mapping)
    )


def _functions() -> Iterator[CheckMessage]:
    for name, words in [("DISPATCH", ["thread", "blocking"]), ("CREATE_USER", [])]:
        path = conf.get(name)
        if path not in words and not _callable(path):
            hint = " or ".join([*map(repr, words), "the dotted path of a function"])
            yield _error("E004", f"{name} names nothing that can be called.", f"Set it to {hint}.")


def _callable(path: Any) -> bool:
    try:
        return callable(import_string(path))
    except Exception:
        return False


def _split() -> Iterator[CheckMessage]:
    home = router.db_for_write(get_user_model())
    elsewhere = [model.__name__ for model in OURS if router.db_for_write(model) != home]
    if elsewhere:
        hint = "Let DATABASE_ROUTERS keep them together: one transaction makes a user and what was proven."
        yield _error("E005", f"Users are written to {home!r}, but not {', '.join(elsewhere)}.", hint)


def _unsupported() -> Iterator[CheckMessage]:
    vendor = connections[router.db_for_write(Flow)].vendor
    if vendor == "postgresql" or (vendor == "sqlite" and sqlite3.sqlite_version_info >= SQLITE):
        return
    hint = "What happens when two requests race was tried on PostgreSQL and on SQLite from 3.35 on, only."
    yield _warning("W001", f"The database ({vendor}) is not supported.", hint)


def _unnamed() -> Iterator[CheckMessage]:
    if not conf.public_origin():
        hint = "Set it to what people see, such as 'https://example.com': messages name it and link to it."
        yield _warning("W002", "PASSWORDLESS_OTP has no PUBLIC_URL.", hint)


def _undelivered() -> Iterator[CheckMessage]:
    settings = _saved() or InstanceSettings()
    for kind in [kind for kind in Kind if settings.offers(kind)]:
        path = conf.delivery(kind.channel)["BACKEND"]
        if path in FOR_DEVELOPMENT:
            hint = f"Name a provider in DELIVERY[{kind.channel!r}]."
            yield _error("E006", f"Codes by {kind.channel} reach nobody: {path} is for development.", hint)
    if conf.get("DISPATCH") == "blocking":
        hint = "Use 'thread' or a task queue: how long an answer takes tells who has an account."
        yield _error("E006", "DISPATCH is 'blocking': answers wait for the provider.", hint)


def _open_to_testers() -> Iterator[CheckMessage]:
    settings = _saved()
    if settings is not None and settings.test_mode:
        hint = "Turn it off in the admin: whoever knows a test identifier and its code can sign in with it."
        yield _warning("W003", "Test mode is on.", hint)


def _saved() -> InstanceSettings | None:
    """Return the instance settings; `None` where there are no tables yet, or no database to be reached."""
    try:
        return InstanceSettings.current()
    except AnyDatabaseError:
        return None


def _error(number: str, text: str, hint: str) -> CheckMessage:
    return Error(text, hint=hint, id=f"passwordless_otp.{number}")


def _warning(number: str, text: str, hint: str) -> CheckMessage:
    return Warning(text, hint=hint, id=f"passwordless_otp.{number}")
