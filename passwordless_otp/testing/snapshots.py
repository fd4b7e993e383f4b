"""What can be seen of an answer, and its statements, without what differs between any two answers."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.db import connections, router
from django.test.utils import CaptureQueriesContext

from passwordless_otp.identifiers import IdentifierValue, mask
from passwordless_otp.models import Flow, settings_cache

# Ids, instants, secrets of forms, seconds to wait.
NOISE = [
    r"(sia|sua|idn|client)_[0-9a-f]{32}",
    r"[0-9a-f]{32}",
    r"\b1[0-9]{12}\b",
    r'name="csrfmiddlewaretoken" value="\w+"',
    r"for another in \d+ seconds?",
    r'data-otp-wait="\d+"',
    r"<time [^>]*>[^<]*</time>",
]
VALUES = re.compile(r"'[^']*'|\bs\d+_x\d+|\b\d+\b")


@dataclass
class Snapshot:
    """One answer. Its fields are what a stranger can compare."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]
    body: str
    statements: list[str]

    def differences(self, other: "Snapshot") -> list[str]:
        """Return what differs, with both."""
        mine, theirs = vars(self), vars(other)
        return [f"{name}: {_apart(mine[name], theirs[name])}" for name in mine if mine[name] != theirs[name]]


def take(step: Callable[[], Any], identifier: IdentifierValue, noise: Sequence[str]) -> Snapshot:
    """Run this step, and return what can be seen of it."""
    settings_cache.clear()
    with CaptureQueriesContext(connections[router.db_for_write(Flow)]) as captured:
        answer = step()

    def plain(text: str) -> str:
        text = text.replace(identifier.value, "IDENTIFIER").replace(quote(identifier.value), "IDENTIFIER")
        text = text.replace(mask(identifier), "MASK")
        return re.sub("|".join([*NOISE, *noise]), "…", text)

    cookies = {
        name: plain(f"max-age={morsel['max-age']} {morsel['samesite']} {morsel['path']} {bool(morsel.value)}")
        for name, morsel in answer.cookies.items()
    }
    headers = {name: plain(value) for name, value in answer.headers.items() if name != "Content-Length"}
    statements = [VALUES.sub("?", query["sql"]) for query in captured]
    return Snapshot(answer.status_code, headers, cookies, plain(_text(answer)), statements)


def _text(answer: Any) -> str:
    if answer.headers.get("Content-Type", "").startswith("application/json"):
        return json.dumps(answer.json(), ensure_ascii=False, indent=0)
    return str(answer.content.decode(answer.charset))


def _apart(mine: Any, theirs: Any) -> str:
    """Return the first line in which two values differ."""
    pairs = zip([*_lines(mine), ""], [*_lines(theirs), ""], strict=False)
    return next((f"{one!r} instead of {other!r}" for one, other in pairs if one != other), "more lines")


def _lines(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{key}: {text}" for key, text in sorted(value.items())]
    return [str(line) for line in value] if isinstance(value, list) else str(value).splitlines()
