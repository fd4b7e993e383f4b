"""Provider health: which providers have failed of late, shared by all processes.

A row exists only for a provider that has failed since its last success. After `THRESHOLD` failures in a row it is
passed over for `OPEN_FOR`; then one message may try it, chosen by a conditional UPDATE, and its success deletes
the row. To save a statement for each message, a process remembers for a second that a provider has no row. A
failure is never remembered: then every message asks the database.
"""

import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import tenants
from passwordless_otp.models.base import SKEW, PrimaryManager

THRESHOLD = 5  # failures without a success in between, until a provider is passed over
OPEN_FOR = timedelta(seconds=30)  # then one message tries it again
REMEMBERED = 1.0  # seconds

# (database, schema, provider) → `time.monotonic()`. One that has run out still says that no row was there.
_healthy_until: dict[tuple[str, str, str], float] = {}


class ProviderHealthQuerySet(models.QuerySet["ProviderHealth"]):
    """At most two statements each: one to read, one to write. None for a provider remembered as healthy."""

    def admits(self, name: str) -> bool:
        """Return whether a message may try this provider now. While it is passed over, one in `OPEN_FOR` may."""
        key = self._key(name)
        if time.monotonic() < _healthy_until.get(key, 0.0):
            return True
        health = self.filter(pk=name).first()
        if health is None:
            _healthy_until[key] = time.monotonic() + REMEMBERED
            return True
        _healthy_until.pop(key, None)
        if health.failures < THRESHOLD:
            return True
        now = timezone.now()
        due = Q(open_until__lte=now) | Q(open_until__gt=now + OPEN_FOR + SKEW)
        probe = self.filter(due, pk=name, open_until=health.open_until)
        return bool(probe.update(open_until=now + OPEN_FOR))

    def record_failure(self, name: str) -> None:
        """Count that the provider could not be used."""
        _healthy_until.pop(self._key(name), None)
        until = timezone.now() + OPEN_FOR
        opens = When(failures__gte=THRESHOLD - 1, then=Value(until))
        self.bulk_create([self.model(name=name)], ignore_conflicts=True)
        self.filter(pk=name).update(
            failures=Least(F("failures") + 1, THRESHOLD), open_until=Case(opens, default=F("open_until"))
        )

    def record_success(self, name: str) -> None:
        """Forget the failures of this provider, if it had any when this process last looked."""
        key = self._key(name)
        if key not in _healthy_until:
            self.filter(pk=name).delete()
            _healthy_until[key] = time.monotonic() + REMEMBERED

    def first_admission(self, names: Iterable[str], now: datetime) -> datetime:
        """Return when the first of these providers may be tried: `now`, unless all are passed over."""
        names = list(names)
        ends = list(self.passed_over(now).filter(pk__in=names).values_list("open_until", flat=True))
        return min(ends) if len(ends) == len(names) else now

    def passed_over(self, now: datetime) -> Self:
        """Those that no message may try now."""
        return self.filter(failures__gte=THRESHOLD, open_until__gt=now, open_until__lte=now + OPEN_FOR + SKEW)

    def _key(self, name: str) -> tuple[str, str, str]:
        return self.db, tenants.current(self.db), name


def clear_memory() -> None:
    """Let this process ask the database about every provider. For tests."""
    _healthy_until.clear()


class ProviderHealth(models.Model):
    """A provider that has failed since its last success."""

    name = models.CharField(_("provider"), primary_key=True, max_length=200)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    open_until = models.DateTimeField(_("not used until"), null=True)

    objects = PrimaryManager.from_queryset(ProviderHealthQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("provider with errors")
        verbose_name_plural = _("providers with errors")

    def __str__(self) -> str:
        return self.name
