"""Every read goes where the writes go: a replica that lags would not know the flow that was just made."""

from typing import Any

from django.db import models, router


class PrimaryManager(models.Manager[Any]):
    """Use the database that the site's routers write this model to."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Leave it to `using()` to name another."""
        return super().get_queryset().using(self._db or router.db_for_write(self.model))
