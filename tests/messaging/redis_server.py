"""A Redis on a free port of 127.0.0.1, with nothing on disk."""

import socket
import subprocess
import time
from contextlib import contextmanager

from tests import needs

PATIENCE = 30  # seconds, for Redis to start


@contextmanager
def running(folder, port=None):
    """The URL of a Redis, until the end of the block."""
    path, port = needs.program("redis-server"), port or free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder)]
    nothing_kept = ["--save", "", "--appendonly", "no"]
    process = subprocess.Popen(
        ["timeout", "-s", "KILL", "600", path, *options, *nothing_kept],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + PATIENCE
        while not _answers(port):
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), 1) as call:
            call.sendall(b"PING\r\n")
            return call.recv(7) == b"+PONG\r\n"
    except OSError:
        return False
