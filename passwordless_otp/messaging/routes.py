"""Routes: the providers of a channel, in the order in which they are tried.

The order is that of the setting DELIVERY. A provider's name is its dotted path, with `#2` where the same path
stands there a second time. Under this name its messages and its health are saved.
"""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from django.utils.module_loading import import_string

from passwordless_otp import conf
from passwordless_otp.messaging.backends.base import Backend

# (channel, name) → the entry of DELIVERY, and the backend that was made of it.
_backends: dict[tuple[str, str], tuple[Mapping[str, Any], Backend]] = {}


class Provider(NamedTuple):
    """One entry of DELIVERY."""

    channel: str
    name: str
    entry: Mapping[str, Any]

    def backend(self) -> Backend:
        """Return its backend, the same one while the setting is the same: it may keep connections open."""
        entry, backend = _backends.get((self.channel, self.name), (None, None))
        if backend is None or entry is not self.entry:
            backend = build_backend(self.entry)  # two threads may both make one; the later is kept
            _backends[self.channel, self.name] = self.entry, backend
        return backend


def providers_of(channel: str) -> list[Provider]:
    """Return the providers of this channel, first choice first."""
    entries = conf.chain(channel)
    paths = [entry["BACKEND"] for entry in entries]
    numbers = [paths[:end].count(path) for end, path in enumerate(paths, 1)]
    names = [path if number == 1 else f"{path}#{number}" for path, number in zip(paths, numbers, strict=True)]
    return [Provider(channel, name, entry) for name, entry in zip(names, entries, strict=True)]


def wants_outcome(entries: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a provider of these entries of DELIVERY wants to hear what became of a code."""
    for entry in entries:
        with suppress(ImportError):
            if import_string(entry["BACKEND"]).reports_outcome:
                return True
    return False


def build_backend(entry: Mapping[str, Any]) -> Backend:
    """Return a new backend for this entry of DELIVERY. Raises what importing and making it raises."""
    backend: Backend = import_string(entry["BACKEND"])(**entry.get("OPTIONS", {}))
    return backend


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_backends.clear)  # two processes must not speak on one connection
