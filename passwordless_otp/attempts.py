"""A code is handed in: keep what came of it, and tell the site if it was wrong."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest

from passwordless_otp import clients, events
from passwordless_otp.errors import OTPError
from passwordless_otp.models import Flow


@contextmanager
def attempting(request: HttpRequest, flow: Flow) -> Iterator[None]:
    """Keep the flow whatever comes of an attempt: a refusal may follow a proof, and with it a new cookie."""
    client = clients.current(request)
    try:
        yield
    except OTPError as error:
        if error.rejected is not None:
            said = {"credentials": {"username": error.rejected.value}, "request": without_code(request)}
            user_login_failed.send_robust(sender="passwordless_otp", **said)
            events.code_rejected(request, error.rejected, client.ip)
        raise
    finally:
        client.keep(flow)


def without_code(request: HttpRequest) -> HttpRequest:
    """Return a copy for receivers that save what was posted: a code that is wrong here may be right elsewhere.

    And what they mark on it, as for a lock-out, does not replace our answer.
    """
    shown = copy.copy(request)
    posted = request.POST.copy()
    posted.pop("code", None)
    shown.__dict__.update(_post=posted, _body=b"", resolver_match=request.resolver_match)
    return shown
