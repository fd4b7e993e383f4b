"""What long commands share: they show how far they are, and end after a batch when they are told to."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, current_thread, main_thread
from typing import Any

WIDTH = 30  # characters of the bar
SECONDS = 5.0  # between two lines where nobody looks at a terminal


class Progress:
    """A bar on a terminal, a line every few seconds otherwise."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.is_terminal = stream, bool(stream.isatty())
        self.label, self.total, self.done, self.shown_at = "", 0, 0, 0.0

    def start(self, label: str, total: int) -> None:
        """Begin a part of the work, with so many steps."""
        self.close()
        self.label, self.total, self.done, self.shown_at = label, total, 0, time.monotonic()

    def advance(self, number: int) -> None:
        """Show that so many more steps are done."""
        self.done += number
        if not self.is_terminal and time.monotonic() - self.shown_at < SECONDS:
            return
        self.shown_at = time.monotonic()
        share = min(1.0, self.done / self.total) if self.total else 1.0
        text = f"{self.label}: {self.done:,} of {self.total:,} ({share:.0%})"
        if self.is_terminal:
            bar = "#" * round(share * WIDTH)
            self.stream.write(f"\r[{bar:<{WIDTH}}] {text}", ending="")
            self.stream.flush()
        else:
            self.stream.write(text)

    def close(self) -> None:
        """End the line of the bar."""
        if self.is_terminal and self.done:
            self.stream.write("")
        self.done = 0


@contextmanager
def set_by_signals(stop: Event) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C set `stop`. Only the main thread may change signal handlers."""
    numbers = [signal.SIGTERM, signal.SIGINT] if current_thread() is main_thread() else []
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
