"""Time whole sign-ins in one process, through Django's test client."""

import statistics
import time
from dataclasses import dataclass

from tools.site import package, visitors
from tools.site.visitors import ApiVisitor

WARM_UP = 20  # flows before the first that is timed


@dataclass(frozen=True)
class Timing:
    """Milliseconds a flow: of the clock, and of this process on a processor. The database's own are not in it."""

    wall: float
    cpu: float


def time_flows(first_user: int, flows: int) -> Timing:
    """Sign this number of users in, each for the first time, and return the medians."""
    numbers = range(first_user, first_user + WARM_UP + flows)
    package.add_users(numbers.start, numbers.stop)
    package.save_settings()
    timings = [_time(visitors.email_of(number)) for number in numbers][WARM_UP:]
    return Timing(
        wall=statistics.median(timing.wall for timing in timings),
        cpu=statistics.median(timing.cpu for timing in timings),
    )


def _time(email: str) -> Timing:
    """Time create and attempt, and not how the code is found."""
    visitor = ApiVisitor(email, visitors.InProcess(visitors.new_ip()))
    began = time.perf_counter(), time.process_time()
    visitor.create()
    created = time.perf_counter(), time.process_time()
    code = package.newest_code(email)
    found = time.perf_counter(), time.process_time()
    visitor.attempt(code)
    ended = time.perf_counter(), time.process_time()
    wall, cpu = (
        1000 * (created[clock] - began[clock] + ended[clock] - found[clock]) for clock in range(len(began))
    )
    return Timing(wall, cpu)
