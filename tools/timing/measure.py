"""Time a step for known and unknown identifiers in turn."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count

from django.conf import settings
from django.test import override_settings

from tools.site import RECORD, package, visitors
from tools.site.visitors import API, JSON, ApiVisitor, InProcess

FIRST_KNOWN, FIRST_UNKNOWN = 1_000_000, 2_000_000  # numbers of equal length
EMAIL_CODE = {"strategy": "email_code"}
# Step → last part of its path, its body, and the status of its answer.
STEPS = {
    "attempt": ("/attempt_first_factor", {**EMAIL_CODE, "code": "x"}, HTTPStatus.UNPROCESSABLE_ENTITY),
    "prepare": ("/prepare_first_factor", EMAIL_CODE, HTTPStatus.OK),
    "create": ("", EMAIL_CODE, HTTPStatus.OK),
}

_used = count()


@dataclass
class Batches:
    """Tenth percentiles, in seconds, one for each batch."""

    known: list[float] = field(default_factory=list)
    unknown: list[float] = field(default_factory=list)

    @property
    def auc(self) -> float:
        """The probability that a batch for somebody known is slower than one for somebody unknown."""
        return auc(self.known, self.unknown)


def auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    """Return the probability that one of `positive` is greater than one of `negative`; ties count half."""
    wins = sum((one > other) + (one == other) / 2 for one in positive for other in negative)
    return wins / (len(positive) * len(negative))


def measure(step: str, batches: int, requests: int, delay: float = 0) -> Batches:
    """Time the step in so many batches a group. `delay` seconds are added for those who are known."""
    options = {"DISPATCH": RECORD, "TRUSTED_PROXIES": 1}
    found = Batches()
    with override_settings(PASSWORDLESS_OTP={**settings.PASSWORDLESS_OTP, **options}):
        package.save_settings(package.WIDEST)
        for known, unknown in _identifiers(batches):
            pair = [_Asker(step, known, delay), _Asker(step, unknown)]
            for number in range(requests):
                for asker in pair if number % 2 else reversed(pair):
                    asker.send()
            found.known.append(pair[0].tenth_percentile)
            found.unknown.append(pair[1].tenth_percentile)
    return found


def _identifiers(number: int) -> Iterator[tuple[str, str]]:
    """Save users, and yield the address of each with one that nobody has. None is used twice."""
    used = [next(_used) for _ in range(number)]
    package.add_users(FIRST_KNOWN + used[0], FIRST_KNOWN + used[-1] + 1)
    for each in used:
        yield visitors.email_of(FIRST_KNOWN + each), visitors.email_of(FIRST_UNKNOWN + each)


class _Asker:
    """A browser with an open sign-in, whose code was sent."""

    def __init__(self, step: str, email: str, delay: float = 0) -> None:
        visitor = ApiVisitor(email, InProcess(visitors.new_ip()))
        visitor.create()
        path, body, self.expected = STEPS[step]
        self.path = f"{API}/{visitor.flow}{path}" if path else API
        self.body = json.dumps(body if path else {**body, "identifier": email})
        self.transport, self.delay = visitor.transport, delay
        self.times: list[float] = []

    def send(self) -> None:
        """Send the request and note its time. Raises `NotSignedIn` for an unexpected answer."""
        began = time.perf_counter()
        status, content = self.transport.post(self.path, self.body, JSON)
        until = time.perf_counter() + self.delay
        while time.perf_counter() < until:
            pass
        self.times.append(time.perf_counter() - began)
        if status != self.expected:
            raise visitors.NotSignedIn(f"{self.path}: {status} {content[:300]!r}")

    @property
    def tenth_percentile(self) -> float:
        """The time that a tenth of the requests stay below."""
        return sorted(self.times)[len(self.times) // 10]
