"""Verification: one code for one identifier within a flow; its tries, its expiry, its status."""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import codes, identifiers, keys
from passwordless_otp.identifiers import Address, Kind, Strategy
from passwordless_otp.models.flows import Flow
from passwordless_otp.models.ids import uuid7
from passwordless_otp.models.primary import PrimaryManager

TRANSFER_LIFE = timedelta(minutes=10)


class VerificationStatus(models.TextChoices):
    """Where a verification stands. One that is unverified and past its time is expired."""

    UNVERIFIED = "unverified", _("unverified")
    VERIFIED = "verified", _("verified")
    FAILED = "failed", _("failed")
    EXPIRED = "expired", _("expired")
    TRANSFERABLE = "transferable", _("transferable")


class Verification(models.Model):
    """One code for one identifier within a flow. The code itself is derived, and nowhere stored."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    flow = models.ForeignKey(Flow, on_delete=models.CASCADE, related_name="verifications", verbose_name=_("flow"))
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    value = models.CharField(_("identifier"), max_length=identifiers.MAX_LENGTH)
    status = models.CharField(
        _("status"), max_length=12, choices=VerificationStatus, default=VerificationStatus.UNVERIFIED
    )
    nonce = models.CharField(max_length=32, blank=True)
    key_id = models.CharField(max_length=16, blank=True)
    generation = models.PositiveSmallIntegerField(default=0)
    length = models.PositiveSmallIntegerField(default=codes.LENGTH)
    alphabet = models.CharField(max_length=8, default=codes.DIGITS)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    max_tries = models.PositiveSmallIntegerField(_("tries allowed"))
    sends = models.PositiveSmallIntegerField(_("messages"), default=0)
    prepared_at = models.DateTimeField(_("asked for at"), default=timezone.now)
    last_sent_at = models.DateTimeField(_("last message at"), null=True)
    expires_at = models.DateTimeField(_("expires at"), default=timezone.now)
    # What it took from limits that people share, given back when it succeeds, which it does once: pairs of key
    # and window. What two requests write at once may be lost here, and then stays counted; nothing comes twice.
    shares = models.JSONField(default=list)

    objects = PrimaryManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("verification attempt")
        verbose_name_plural = _("verification attempts")
        constraints = [
            models.UniqueConstraint(
                fields=["flow", "kind", "value"], name="passwordless_otp_verification_unique"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=Kind.values) & Q(status__in=VerificationStatus.values),
                name="passwordless_otp_verification_choices",
            ),
            models.CheckConstraint(
                condition=Q(tries__lte=F("max_tries")), name="passwordless_otp_verification_tries"
            ),
            models.CheckConstraint(
                condition=Q(status="unverified") | Q(nonce=""), name="passwordless_otp_verification_nonce_erased"
            ),
        ]
        indexes = [models.Index(fields=["value"], name="passwordless_otp_verif_value")]

    def __str__(self) -> str:
        return identifiers.mask(self.address)

    @property
    def address(self) -> Address:
        """Kind and value."""
        return Address(Kind(self.kind), self.value)

    @property
    def strategy(self) -> Strategy:
        """How the code travels."""
        return Kind(self.kind).strategy

    @property
    def state(self) -> VerificationStatus:
        """The status, as time has it."""
        status = VerificationStatus(self.status)
        if status == VerificationStatus.UNVERIFIED and self.expires_at <= timezone.now():
            return VerificationStatus.EXPIRED
        return status

    def resend_at(self, interval: int) -> datetime | None:
        """Return from when on another message may go out, `interval` seconds after the last."""
        return self.last_sent_at + timedelta(seconds=interval) if self.last_sent_at else None

    def code(self) -> str:
        """Derive the code. Raises `keys.KeyMissing`."""
        circumstances = [self.nonce, self.pk.hex, self.flow_id.hex, self.flow.purpose, self.kind, self.value]
        return codes.derive(keys.find(self.key_id), *circumstances, length=self.length, alphabet=self.alphabet)

    def renew(self, life: timedelta, now: datetime, length: int, alphabet: str) -> None:
        """Take a new code of this shape; the tries go on (NIST SP 800-63B-4 §3.2.2). Not saved."""
        self.length, self.alphabet = length, alphabet
        self.nonce = secrets.token_hex(16)
        self.key_id = keys.current_id()
        self.generation += 1
        self.expires_at = now + life

    def reread(self) -> None:
        """Take over what other requests have written. The flow stays the object that it is."""
        columns = ["status", "nonce", "key_id", "generation", "length", "alphabet", "tries", "sends", "shares"]
        self.refresh_from_db(fields=[*columns, "prepared_at", "last_sent_at", "expires_at"])

    def judge(self, right: bool, at_least: int = 0, **outcome: Any) -> bool:
        """Pay a try and, if `right`, take the code: whether this one statement touched its row is the verdict.

        A code shorter than `at_least` has one try in all.

        Nothing else decides (RFC 4226 §7.3). The subquery asks for the flow in another table; whatever two
        requests may race for stands in the outer WHERE, which PostgreSQL looks at again after waiting.
        """
        status = VerificationStatus
        rows = Verification.objects.filter(
            pk=self.pk,
            status=status.UNVERIFIED,
            tries__lt=F("max_tries"),
            expires_at__gt=timezone.now(),
            nonce=self.nonce,
        )
        if self.length < at_least:
            rows = rows.filter(tries=0)
        if right:
            changes = {"status": status.VERIFIED, "nonce": "", **outcome}
        else:
            rows = rows.filter(flow__in=Flow.objects.live().filter(pk=self.flow_id))
            last = Q(tries__gte=F("max_tries") - 1)
            changes = {
                "status": models.Case(models.When(last, models.Value(status.FAILED)), default=F("status")),
                "nonce": models.Case(models.When(last, models.Value("")), default=F("nonce")),
                **outcome,
            }
        return bool(rows.update(tries=F("tries") + 1, **changes))
