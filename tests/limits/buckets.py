"""Buckets, and what becomes of a take."""

from django.db import transaction

from passwordless_otp.errors import TooManyRequests
from passwordless_otp.models import transactions
from passwordless_otp.rate_limits import windows
from passwordless_otp.rate_limits.windows import Bucket

HOUR = 3600
PART = HOUR // 12


def bucket(subject="ann@example.com", limit=5, **given):
    return Bucket("messages per identifier", (subject,), limit, **{"seconds": HOUR, **given})


def take(*buckets):
    """Take these in a transaction of their own; return the receipts."""
    with transaction.atomic():
        return [taken.share for taken in windows.consume(*buckets)]


def outcome(*buckets):
    """Take these as a step of a flow does: True, or False for a refusal."""
    try:
        transactions.run_step(lambda: windows.consume(*buckets))
    except TooManyRequests:
        return False
    return True
