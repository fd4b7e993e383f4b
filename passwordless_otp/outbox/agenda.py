"""What the threads of one process have to do, and when."""

import heapq
import time
from itertools import count
from queue import Full
from threading import Condition
from uuid import UUID

LIMIT = 10_000  # ids that wait, about 3 MB; what comes on top stays in the table

# A message, and where the site is mounted: links need that, and only the request's thread knows it.
Work = tuple[UUID, str]


class Agenda:
    """A queue whose entries have a time. An entry that waits already is not taken in again."""

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Work]] = []
        self._known: set[Work] = set()
        self._begun = 0
        self._numbers = count()
        self._changed = Condition()

    def add(self, work: Work, seconds: float = 0.0) -> None:
        """Note this for in so many seconds. Raises `queue.Full`."""
        with self._changed:
            if work in self._known:
                return
            if len(self._known) >= LIMIT:
                raise Full
            self._known.add(work)
            heapq.heappush(self._waiting, (time.monotonic() + seconds, next(self._numbers), work))
            self._changed.notify_all()

    def begin(self) -> Work:
        """Wait for something that is due, and take it."""
        with self._changed:
            while (seconds := self._seconds()) is None or seconds > 0:
                self._changed.wait(seconds)
            _due, _number, work = heapq.heappop(self._waiting)
            self._known.discard(work)
            self._begun += 1
            return work

    def finish(self) -> None:
        """Tell that one that was begun is done."""
        with self._changed:
            self._begun -= 1
            self._changed.notify_all()

    def clear(self) -> None:
        """Forget all that has not begun: it waits in the table."""
        with self._changed:
            self._waiting.clear()
            self._known.clear()
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way and nothing is due, so long at most; tell whether that is so."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def _is_idle(self) -> bool:
        seconds = self._seconds()
        return not self._begun and (seconds is None or seconds > 0)

    def _seconds(self) -> float | None:
        """Return how long until the next one is due; `None` where there is none."""
        return self._waiting[0][0] - time.monotonic() if self._waiting else None
