"""Tell the site that SMS are held back or soon will be, once in the hour or day that is counted."""

from collections.abc import Iterable

from django.db import router, transaction

from passwordless_otp import events, limits
from passwordless_otp.limits import LARGEST, Bucket, Taken
from passwordless_otp.models import Counter
from passwordless_otp.models.limit_settings import HOUR

STAGES = [50, 80, 100]  # percent


def counted(buckets: Iterable[Bucket], taken: Iterable[Taken]) -> None:
    """Tell which stages these takes have reached."""
    totals = {each.scope: each.total for each in taken}
    for bucket in buckets:
        after = totals[bucket.scope]
        before = after - bucket.amount
        for percent in STAGES:
            if before * 100 < bucket.limit * percent <= after * 100:
                reached(bucket, percent)


def reached(bucket: Bucket, percent: int = 100) -> None:
    """Tell that this much of a limit is used up, or that it was in somebody's way."""
    if _first(bucket.seconds, bucket.scope, *bucket.subject, str(percent)):
        events.budget_reached(bucket.scope, bucket.subject, percent)


def paused(country: str) -> None:
    """Tell that next to nobody in this country types the codes that are sent there."""
    if _first(HOUR, "country paused", country):
        events.country_paused(country)


def _first(seconds: int, *what: str) -> bool:
    with transaction.atomic(router.db_for_write(Counter)):
        [taken] = limits.take(Bucket("alarm", what, LARGEST, seconds))
    return taken.total == 1
