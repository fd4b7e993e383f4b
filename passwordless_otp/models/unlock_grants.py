"""UnlockGrant: a browser in which somebody has opened an unlock link, for one identifier and an hour.

It gives that browser messages of its own for this identifier, and nothing else. The row has keyed digests of the
identifier and the digest of the client, so it names nobody.
"""

from datetime import timedelta

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import keys
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models.base import PrimaryManager, uuid7
from passwordless_otp.models.messages import Message

LIFE = timedelta(hours=1)
PURPOSE = "unlock"


class UnlockGrantQuerySet(models.QuerySet["UnlockGrant"]):
    """Each method is one statement."""

    def holds(self, client: str, identifier: IdentifierValue) -> bool:
        """Return whether this client, by its digest, holds a grant for the identifier that has not expired."""
        digests = keys.digests(PURPOSE, *identifier)
        return self.filter(client=client, identifier__in=digests, expires_at__gt=timezone.now()).exists()

    def held_by(self, client: str) -> str:
        """Return the digest of an identifier for which this client holds a grant; empty if it holds none."""
        held = self.filter(client=client, expires_at__gt=timezone.now()).order_by("pk")
        digest: str | None = held.values_list("identifier", flat=True).first()
        return digest or ""

    def give(self, message: Message, client: str) -> "UnlockGrant":
        """Save and return a grant of this client, from now on. Raises `IntegrityError` if it has one already."""
        now, identifier = timezone.now(), keys.digest(PURPOSE, *message.identifier)
        given = {"identifier": identifier, "client": client, "granted_at": now, "expires_at": now + LIFE}
        return self.create(message=message, **given)

    def knows(self, client: str) -> bool:
        """Return whether this client, by its digest, has ever been given a grant."""
        return self.filter(client=client).exists()


class UnlockGrant(models.Model):
    """At most one for a message and a client. How many a message gives is counted by `flows.unlock`."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="unlock_grants")
    identifier = models.CharField(max_length=32)
    client = models.CharField(max_length=64)
    granted_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    objects = PrimaryManager.from_queryset(UnlockGrantQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("unlock grant")
        verbose_name_plural = _("unlock grants")
        constraints = [
            models.UniqueConstraint(fields=["message", "client"], name="passwordless_otp_unlock_unique"),
        ]
        indexes = [models.Index(fields=["client"], name="passwordless_otp_unlock_client")]

    def __str__(self) -> str:
        return f"{self.identifier}: {self.expires_at:%Y-%m-%d %H:%M}"
