"""A saved Message → a provider, and its answer → the Message."""

from passwordless_otp.outbox.delivering import deliver
from passwordless_otp.outbox.dispatching import dispatch, settle
from passwordless_otp.outbox.sweeping import sweep

__all__ = ["deliver", "dispatch", "settle", "sweep"]
