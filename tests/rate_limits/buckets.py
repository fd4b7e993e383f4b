"""Buckets, and what becomes of a take."""

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Bucket

HOUR = 3600
PART = HOUR // 12


def bucket(subject="ann@example.com", limit=5, **given):
    return Bucket("messages per identifier", (subject,), limit, **{"seconds": HOUR, **given})


def take(*buckets):
    """Consume these; return the receipts."""
    return [receipt for _scope, receipt in windows.consume(buckets).receipts]


def outcome(*buckets):
    """Consume these: True, or False for a refusal."""
    try:
        windows.consume(buckets)
    except TooManyRequests:
        return False
    return True
