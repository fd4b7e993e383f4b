"""Buckets, and what becomes of a take."""

from django.db import transaction

from passwordless_otp import limits
from passwordless_otp.errors import TooManyRequests
from passwordless_otp.flows import transactions
from passwordless_otp.limits import Bucket

HOUR = 3600
PART = HOUR // 12


def bucket(subject="ann@example.com", limit=5, **given):
    return Bucket("messages per identifier", (subject,), limit, **{"seconds": HOUR, **given})


def take(*buckets):
    """Take these in a transaction of their own; return the shares."""
    with transaction.atomic():
        return [taken.share for taken in limits.take(*buckets)]


def outcome(*buckets):
    """Take these as a step of a flow does: True, or False for a refusal."""
    try:
        transactions.run(lambda: limits.take(*buckets))
    except TooManyRequests:
        return False
    return True
