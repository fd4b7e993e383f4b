"""Counter: how often something happened in a window of time. Its key is a keyed digest, so it names nobody."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from passwordless_otp.models.base import PrimaryManager


class Counter(models.Model):
    """One key in one window, a twelfth of a limit's length. Only `rate_limits.windows` writes it."""

    key = models.CharField(max_length=32)
    window = models.BigIntegerField()  # when it began, in seconds since 1970
    count = models.PositiveIntegerField()
    limit = models.PositiveIntegerField()
    expires_at = models.BigIntegerField()  # from when on it counts for nothing, in seconds since 1970

    objects = PrimaryManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("counter")
        verbose_name_plural = _("counters")
        constraints = [
            models.UniqueConstraint(fields=["key", "window"], name="passwordless_otp_counter_unique"),
            models.CheckConstraint(condition=Q(count__lte=F("limit")), name="passwordless_otp_counter_limit"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="passwordless_otp_counter_purge")]

    def __str__(self) -> str:
        return f"{self.key} {self.window}: {self.count}"
