"""Many threads, one database, real transactions."""

import threading
from contextlib import contextmanager

from django.contrib.auth.signals import user_logged_in
from django.db import connections


def together(functions, seconds=120):
    """Run these at the same moment, each in a thread with a connection of its own; answer what they return."""
    results, errors = [None] * len(functions), []
    barrier = threading.Barrier(len(functions))

    def run(index, function):
        try:
            connections["default"].ensure_connection()
            barrier.wait(seconds)
            results[index] = function()
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(functions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(seconds)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]
    return results


@contextmanager
def logins():
    """Every `user_logged_in` meanwhile."""
    counted = []
    user_logged_in.connect(lambda user, **_: counted.append(user), weak=False, dispatch_uid="logins")
    try:
        yield counted
    finally:
        user_logged_in.disconnect(dispatch_uid="logins")
