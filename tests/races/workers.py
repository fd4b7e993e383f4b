"""Several processes that serve a test's own database."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager

from django.db import connection

from tests import needs


@contextmanager
def served(application, workers):
    """The port of a server of this WSGI application; ended with the test, and by itself after 120 seconds."""
    needs.installed("gunicorn")
    name = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "SERVE_DATABASE": name}
    few = ["--threads", "8", "--worker-connections", "10"]  # so that one does not accept what others could
    options = ["--preload", "-w", str(workers), "-k", "gthread", *few, "-b", "127.0.0.1:0"]
    command = [sys.executable, "-m", "gunicorn", *options, application]
    limited = ["timeout", "120", *command]
    server = subprocess.Popen(limited, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        log = ""
        while log.count("Booting worker") < workers:  # else the first of them would answer everything
            line = server.stderr.readline()
            assert line, log
            log += line
        yield int(re.search(r"Listening at: http://127\.0\.0\.1:(\d+)", log)[1])
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)
