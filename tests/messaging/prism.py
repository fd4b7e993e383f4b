"""Prism, a server that checks requests against an OpenAPI description: here Twilio's own, from its CLI."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager

from tests import needs
from tests.settings import FOLDER

PRISM, CLI_CORE = "5.14.2", "8.3.2"
CACHE = FOLDER / f"prism-{PRISM}-twilio-{CLI_CORE}"
DESCRIPTIONS = CACHE / "node_modules/@twilio/cli-core/src/services/twilio-api"
MESSAGES, VERIFY = DESCRIPTIONS / "twilio_api_v2010.json", DESCRIPTIONS / "twilio_verify_v2.json"
PATIENCE = 60  # seconds, for Prism to read it
MINUTES = 5 * 60  # in seconds, for npm


def installed():
    """Return the path of Node, with Prism and the descriptions in CACHE."""
    node = needs.node()
    if not DESCRIPTIONS.exists():
        install(needs.program("npm"))
    return node


def install(npm):
    """Fill CACHE. It comes into being whole, by a change of name."""
    making = CACHE.with_name(f"{CACHE.name}-{os.getpid()}")
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefix", making]
    packages = [f"@stoplight/prism-cli@{PRISM}", f"@twilio/cli-core@{CLI_CORE}"]
    try:
        making.mkdir()
        done = subprocess.run(
            [npm, "install", *quiet, *packages],
            cwd=making,
            capture_output=True,
            text=True,
            timeout=MINUTES,
            check=False,
        )
        if done.returncode:
            needs.lacking(f"needs a package index for npm: {done.stderr[-500:]}")
        if not DESCRIPTIONS.exists():  # another run may have been faster
            shutil.rmtree(CACHE, ignore_errors=True)
            making.rename(CACHE)
    except subprocess.TimeoutExpired:
        needs.lacking(f"needs a package index for npm: none answered in {MINUTES} s")
    finally:
        shutil.rmtree(making, ignore_errors=True)


@contextmanager
def running(log, description):
    """The origin of a Prism that refuses what does not fit this description. What it prints goes to `log`."""
    node = installed()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    command = [node, CACHE / "node_modules/@stoplight/prism-cli/dist/index.js", "mock", "--errors"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(port), description],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + PATIENCE
        while "Prism is listening on" not in log.read_text():
            assert process.poll() is None, log.read_text()[-2000:]
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()
