"""Circuit: how a provider has been doing, for all processes to know."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Case, F, Value, When
from django.db.models.functions import Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.base import PrimaryManager

THRESHOLD = 5  # failures without a success in between, until a provider is left alone
OPEN_FOR = timedelta(seconds=30)  # then one message tries it again


class ProviderHealthQuerySet(models.QuerySet["ProviderHealth"]):
    """Two statements at most each: one to read, one to write."""

    def admits(self, name: str) -> bool:
        """Tell whether a message may try this provider. Where it has been left alone long enough, one may."""
        health = self.filter(pk=name, failures__gte=THRESHOLD).first()
        if health is None:
            return True
        now = timezone.now()
        probe = self.filter(pk=name, open_until=health.open_until, open_until__lte=now)
        return bool(probe.update(open_until=now + OPEN_FOR))

    def count_failure(self, name: str) -> None:
        """Note that the provider was not there."""
        until = timezone.now() + OPEN_FOR
        opens = When(failures__gte=THRESHOLD - 1, then=Value(until))
        self.bulk_create([self.model(name=name)], ignore_conflicts=True)
        self.filter(pk=name).update(
            failures=Least(F("failures") + 1, THRESHOLD),
            open_until=Case(opens, default=F("open_until")),
        )

    def close(self, name: str) -> None:
        """Note that the provider works."""
        self.filter(pk=name).delete()

    def first_admission(self, names: Iterable[str], now: datetime) -> datetime:
        """Return when the first of these providers may be tried: `now`, unless all are left alone."""
        names = list(names)
        open_ = self.filter(pk__in=names, failures__gte=THRESHOLD, open_until__gt=now)
        ends = list(open_.values_list("open_until", flat=True))
        return min(ends) if len(ends) == len(names) else now


class ProviderHealth(models.Model):
    """A provider that failed of late. Where it keeps failing it is passed over for a while."""

    name = models.CharField(_("provider"), primary_key=True, max_length=200)
    failures = models.PositiveSmallIntegerField(_("failures in a row"), default=0)
    open_until = models.DateTimeField(_("passed over until"), null=True)

    objects = PrimaryManager.from_queryset(ProviderHealthQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("provider in trouble")
        verbose_name_plural = _("providers in trouble")

    def __str__(self) -> str:
        return self.name
