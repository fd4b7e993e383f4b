"""What came of a simulated day: the guesses, counts of everything else, and the bounds that have to hold."""

from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    """A number that a scenario has to keep to."""

    what: str
    value: int
    most: int

    @property
    def holds(self) -> bool:
        """Whether it does."""
        return self.value <= self.most


class Tally:
    """The guesses that were compared, by the number of possible codes, and counts of everything else."""

    def __init__(self) -> None:
        self.guesses: Counter[int] = Counter()
        self.counts: Counter[str] = Counter()
        self.bounds: list[Bound] = []

    def bound(self, what: str, most: int) -> None:
        """State how often this may have been counted."""
        self.bounds.append(Bound(what, self.counts[what], most))

    def never(self, *what: str) -> None:
        """State what must not have been counted. Of people who were refused, somebody must have tried."""
        for each in what:
            who, colon, _ = each.rpartition(": refused")
            if colon and not (self.counts[f"{who}: in"] or self.counts[each]):
                raise ValueError(f"nobody tried: {who}")
            self.bound(each, 0)

    def finish_day(self, name: str) -> None:
        """Give what was counted so far the name of a day, and begin another one."""
        dated = {what if what.startswith("day") else f"{name}: {what}": n for what, n in self.counts.items()}
        self.counts = Counter(dated)

    @property
    def chance(self) -> float:
        """The probability that at least one of the guesses was right."""
        missed = 1.0
        for possible, number in self.guesses.items():
            missed *= (1 - 1 / possible) ** number
        return 1 - missed
