"""The report of a long command: a CSV file of what it has left alone, and why."""

import csv
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.core.management.base import CommandError

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run


@contextmanager
def opened(path: Path | None, header: Sequence[str]) -> Iterator[Callable[[Iterable[object]], None]]:
    """Return a function that writes a line; one that does nothing without a path.

    The report has addresses or numbers: only its owner can read it. Raises `CommandError` if it can't be written.
    """
    if path is None:
        yield lambda line: None
        return
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise CommandError(f"{path} can't be written: {type(error).__name__}.") from None
    with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        yield lambda line: writer.writerow([_plain(value) for value in line])


def _plain(value: object) -> str:
    """Return the value as a text that no spreadsheet runs as a formula. A plain phone number stays as it is."""
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) and not text[1:].isdigit() else text
