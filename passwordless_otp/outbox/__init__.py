"""A saved Message → a provider, and its answer → the Message."""

from passwordless_otp.outbox.delivering import deliver
from passwordless_otp.outbox.dispatching import announce, announce_identifier, dispatch, settle
from passwordless_otp.outbox.sweeping import sweep

__all__ = ["announce", "announce_identifier", "deliver", "dispatch", "settle", "sweep"]
