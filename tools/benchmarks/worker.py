"""Do one piece of work in a process of its own and print its result as JSON.

`tools.benchmarks` starts such processes because Django's settings, and with them the database, are chosen once a
process.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from typing import Any

from tools.site import BLOCKING, databases

LONGEST = 3600  # seconds; filling tables with millions of rows takes minutes


def run(database: str, work: str, *numbers: int, dispatch: str = BLOCKING) -> Any:
    """Do this work in a process of its own that uses this database, and return its result."""
    command = [sys.executable, "-m", "tools.benchmarks.worker", work, *map(str, numbers)]
    environment = databases.environment(database, dispatch)
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, timeout=LONGEST, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def do(work: str, numbers: list[int]) -> Any:
    """Do the work in this process. Imports models, which need Django's settings."""
    from tools.benchmarks import rows, statements, timing
    from tools.site import package

    if work == "statements":
        return {step: asdict(cost) for step, cost in statements.count_steps(os.environ["TOOLS_DISPATCH"]).items()}
    if work == "time":
        return asdict(timing.time_flows(*numbers))
    if work == "fill":
        return rows.fill(*numbers)
    if work == "users":
        package.add_users(*numbers)
        package.save_settings()
        rows.analyze()
        return None
    raise ValueError(work)


if __name__ == "__main__":
    databases.start(os.environ["TOOLS_DATABASE"], os.environ["TOOLS_DISPATCH"])
    print(json.dumps(do(sys.argv[1], [int(number) for number in sys.argv[2:]])))
