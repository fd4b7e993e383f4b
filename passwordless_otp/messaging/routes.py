"""The providers of a channel, in the order in which they are tried."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string

from passwordless_otp import conf
from passwordless_otp.messaging.backends.base import Backend

_kept: dict[tuple[str, str], tuple[Any, Backend]] = {}  # (channel, name) → the setting and what was made of it


@dataclass(frozen=True)
class Provider:
    """One entry of a chain. `name` is its dotted path, with `#2` where that stands there a second time."""

    channel: str
    name: str
    entry: Mapping[str, Any]

    @property
    def asks(self) -> bool:
        """Whether it wants to hear what became of a code."""
        try:
            return bool(import_string(self.entry["BACKEND"]).reports_outcome)
        except ImportError:
            return False

    def backend(self) -> Backend:
        """Return its backend: the same one while the setting is the same, since it may keep connections."""
        setting, backend = _kept.get((self.channel, self.name), (None, None))
        if backend is None or setting is not self.entry:
            backend = build_backend(self.entry)  # of two threads that come first, one makes it in vain
            _kept[self.channel, self.name] = self.entry, backend
        return backend


def providers_of(channel: str) -> list[Provider]:
    """Return the providers of this channel."""
    providers: list[Provider] = []
    paths: list[str] = []
    for entry in conf.chain(channel):
        path = entry["BACKEND"]
        paths.append(path)
        number = paths.count(path)
        providers.append(Provider(channel, path if number == 1 else f"{path}#{number}", entry))
    return providers


def build_backend(entry: Any) -> Backend:
    """Make the backend that this setting describes."""
    backend: Backend = import_string(entry["BACKEND"])(**entry.get("OPTIONS", {}))
    return backend


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_kept.clear)  # two processes must not speak on one connection
