"""Is `settings.PASSWORDLESS_OTP` what it should be?"""

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from passwordless_otp import conf
from passwordless_otp.checks.findings import error
from passwordless_otp.identifiers import Kind
from passwordless_otp.messaging import routes
from passwordless_otp.messaging.backends.base import Backend

CHANNELS = [kind.channel for kind in Kind]
ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[^\s/\\?#@:\[\]]+)(:[0-9]+)?/?", re.IGNORECASE)


def check_settings(**_: Any) -> list[CheckMessage]:
    """Look at `settings.PASSWORDLESS_OTP`."""
    if not isinstance(conf.given(), Mapping):
        return [error("E001", "PASSWORDLESS_OTP is no dict.", "Write PASSWORDLESS_OTP = {…}.")]
    return [*_misspelt(), *_address(), *_proxies(), *_delivery(), *_functions()]


def _misspelt() -> Iterator[CheckMessage]:
    for name in set(conf.given()) - set(conf.DEFAULTS):
        near = difflib.get_close_matches(str(name).upper(), conf.DEFAULTS, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(conf.DEFAULTS)}."
        yield error("E001", f"PASSWORDLESS_OTP has an unknown key {name!r}.", hint)


def _address() -> Iterator[CheckMessage]:
    """Never show the value: it may hold a password."""
    given = conf.get("PUBLIC_URL")
    if given != "" and not _is_origin(given):
        hint = "Write http or https, the host and perhaps a port, no more: 'https://example.com'."
        yield error("E008", "PUBLIC_URL is not what a site's address begins with.", hint)


def _proxies() -> Iterator[CheckMessage]:
    given = conf.get("TRUSTED_PROXIES")
    if type(given) is not int or given < 0:
        hint = "Set it to the number of proxies that every request comes through: 0, 1, 2 …"
        yield error("E009", "TRUSTED_PROXIES is no number of proxies.", hint)


def _is_origin(text: Any) -> bool:
    if not isinstance(text, str) or not ORIGIN.fullmatch(text):
        return False
    try:
        return urlsplit(text).port != 0
    except ValueError:  # a port beyond all, brackets around no IPv6 address
        return False


def _delivery() -> Iterator[CheckMessage]:
    chosen = conf.get("DELIVERY")
    if not isinstance(chosen, Mapping):
        yield error("E003", "DELIVERY is no dict.", "It maps a channel to the list of its providers.")
        return
    for channel in [name for name in chosen if name not in CHANNELS]:
        hint = f"The channels are {' and '.join(CHANNELS)}."
        yield error("E003", f"DELIVERY has an unknown channel {channel!r}.", hint)
    for channel in CHANNELS:
        chain = chosen.get(channel, conf.DEFAULTS["DELIVERY"][channel])
        yield from _chain(channel, chain)


def _chain(channel: str, chain: Any) -> Iterator[CheckMessage]:
    if not isinstance(chain, list | tuple) or not chain or not all(map(_describes, chain)):
        hint = "Write [{'BACKEND': dotted path, 'OPTIONS': its keyword arguments}]: the first one is tried first."
        yield error("E003", f"DELIVERY[{channel!r}] is no list of providers.", hint)
        return
    for entry in chain:
        yield from _provider(channel, entry)


def _provider(channel: str, entry: Any) -> Iterator[CheckMessage]:
    """Never show the values of OPTIONS: they are credentials, and an exception may quote them."""
    path = entry["BACKEND"]
    try:
        backend: Any = routes.build_backend(entry)
    except Exception as raised:
        given = ", ".join(map(str, entry.get("OPTIONS", {}))) or "none"
        hint = f"It raises {type(raised).__name__}. Check the path and the names in OPTIONS (given: {given})."
        yield error("E002", f"DELIVERY[{channel!r}]: {path} can't be made.", hint)
        return
    if not isinstance(backend, Backend):
        hint = "Derive it from passwordless_otp.messaging.backends.base.Backend."
        yield error("E002", f"DELIVERY[{channel!r}]: {path} makes no delivery backend.", hint)


def _describes(entry: Any) -> bool:
    return (
        isinstance(entry, Mapping)
        and set(entry) <= {"BACKEND", "OPTIONS"}
        and isinstance(entry.get("BACKEND"), str)
        and isinstance(entry.get("OPTIONS", {}), Mapping)
    )


def _functions() -> Iterator[CheckMessage]:
    for name, words in [("DISPATCH", ["thread", "blocking", "tasks"]), ("CREATE_USER", []), ("BOT_CHECK", [""])]:
        path = conf.get(name)
        if path == "tasks" and path in words:
            yield from _task_queue()
        elif path not in words and not _callable(path):
            hint = " or ".join([*map(repr, words), "the dotted path of a function"])
            yield error("E004", f"{name} names nothing that can be called.", f"Set it to {hint}.")


def _task_queue() -> Iterator[CheckMessage]:
    try:
        import_string("passwordless_otp.messaging.tasks.deliver")
    except Exception as raised:
        hint = f"Django has one from 6.0 on; before, install django-tasks. Check TASKS ({type(raised).__name__})."
        yield error("E004", "DISPATCH is 'tasks', but there is no task queue.", hint)


def _callable(path: Any) -> bool:
    try:
        return callable(import_string(path))
    except Exception:
        return False
