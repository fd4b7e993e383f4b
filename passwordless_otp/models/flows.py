"""Flow: one person's way through a sign-in or a sign-up, in one browser."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import identifiers
from passwordless_otp.errors import AlreadyVerified, OTPError, ResourceNotFound, VerificationExpired
from passwordless_otp.identifiers import Address, Kind, Strategy
from passwordless_otp.models.ids import uuid7
from passwordless_otp.models.primary import PrimaryManager

if TYPE_CHECKING:
    from passwordless_otp.models.verifications import Verification

LIFE = timedelta(hours=24)


class Purpose(models.TextChoices):
    """What a flow is for."""

    SIGN_IN = "sign_in", _("sign-in")
    SIGN_UP = "sign_up", _("sign-up")


class Status(models.TextChoices):
    """Where a flow stands. One that is open and past its time is abandoned."""

    OPEN = "open", _("open")
    COMPLETE = "complete", _("complete")
    ENDED = "ended", _("ended")


def expiry() -> datetime:
    """Return when a flow that begins now is abandoned."""
    return timezone.now() + LIFE


class FlowQuerySet(models.QuerySet["Flow"]):
    """Each method is one statement."""

    def live(self) -> Self:
        """Those that can go on."""
        return self.filter(status=Status.OPEN, expires_at__gt=timezone.now())

    def end(self, client: str, *purposes: Purpose) -> int:
        """End this client's open flows of these purposes, abandoned ones too."""
        return self.filter(client=client, purpose__in=purposes, status=Status.OPEN).update(status=Status.ENDED)


class Flow(models.Model):
    """A sign-in or a sign-up. Its addresses are what was typed: nothing is proven by standing here."""

    made_user = False  # whether this very step has made the user

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    purpose = models.CharField(_("purpose"), max_length=8, choices=Purpose)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.OPEN)
    email_address = models.CharField(_("email address"), max_length=identifiers.MAX_LENGTH, blank=True)
    phone_number = models.CharField(_("phone number"), max_length=16, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="otp_flows",
        verbose_name=_("user"),
    )
    # SHA-256 of the secret in the browser's cookie.
    client = models.CharField(max_length=64)
    # The digest before the last proof: a step that had begun by then may still end.
    moved_from = models.CharField(max_length=64, blank=True)
    # What else was typed: names, `unsafe_metadata` (as text), `sign_up_if_missing`.
    details = models.JSONField(default=dict)
    # What opening it took from limits: its first verification takes that over. Pairs of key and window.
    shares = models.JSONField(default=list)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    expires_at = models.DateTimeField(_("abandoned at"), default=expiry)
    completed_at = models.DateTimeField(_("completed at"), null=True)
    # Whether its user is still to be told: written with the completion, so that no sign-in gets lost.
    notice_due = models.BooleanField(default=False)

    objects = PrimaryManager.from_queryset(FlowQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose"],
                condition=models.Q(status="open"),
                name="passwordless_otp_flow_one_open",
            ),
            models.CheckConstraint(
                condition=models.Q(purpose__in=Purpose.values) & models.Q(status__in=Status.values),
                name="passwordless_otp_flow_choices",
            ),
            models.CheckConstraint(
                condition=~models.Q(status="complete") | models.Q(user__isnull=False, completed_at__isnull=False),
                name="passwordless_otp_flow_complete_has_user",
            ),
        ]
        indexes = [
            models.Index(fields=["client"], name="passwordless_otp_flow_client"),
            models.Index(
                fields=["email_address"],
                name="passwordless_otp_flow_email",
                condition=~models.Q(email_address=""),
            ),
            models.Index(
                fields=["phone_number"],
                name="passwordless_otp_flow_phone",
                condition=~models.Q(phone_number=""),
            ),
            models.Index(fields=["id"], name="passwordless_otp_flow_notice", condition=models.Q(notice_due=True)),
        ]

    def __str__(self) -> str:
        aware = timezone.is_aware(self.created_at)
        made = timezone.localtime(self.created_at) if aware else self.created_at
        return f"{self.get_purpose_display()} {made:%Y-%m-%d %H:%M}"

    @cached_property
    def known_verifications(self) -> "list[Verification]":
        """The flow's verifications, as read last."""
        return list(self.verifications.all())

    @property
    def addresses(self) -> list[Address]:
        """The identifiers typed, the email address first."""
        return [Address(kind, getattr(self, kind)) for kind in Kind if getattr(self, kind)]

    @property
    def abandoned(self) -> bool:
        """Whether it was left open until its time was over."""
        return self.status == Status.OPEN and self.expires_at <= timezone.now()

    def verification_of(self, address: Address) -> "Verification | None":
        """Return the verification of this address, if a code was ever asked for."""
        return next((v for v in self.known_verifications if v.address == address), None)

    def touch(self, **changes: Any) -> None:
        """Take the flow's row, so that its steps queue up. Raises why it can't go on.

        The first statement of every step: a transaction that begins with a write does not deadlock on SQLite.
        """
        mine = models.Q(client=self.client) | models.Q(moved_from=self.client)
        rows = Flow.objects.live().filter(mine, pk=self.pk)
        if not rows.update(**{"status": Status.OPEN, **changes}):
            raise self.refusal()
        for name, value in changes.items():
            setattr(self, name, value)

    def move(self, client: str) -> None:
        """Take the row and file it under `client`. Raises why it can't.

        Whoever knew the cookie before something was proven, be it planted, gains nothing from the proof.
        """
        self.touch(client=client, moved_from=self.client)

    def complete(self, user: Any, client: str, notice_due: bool = False) -> None:
        """Finish, for this user, filed under `client`. Raises why it can't."""
        moved = {} if self.client == client else {"client": client, "moved_from": self.client}
        done = {"status": Status.COMPLETE, "user": user, "completed_at": timezone.now(), "notice_due": notice_due}
        self.touch(**done, **moved)

    def refusal(self) -> OTPError:
        """Return why this flow can't go on, as the database has it now."""
        now = Flow.objects.filter(pk=self.pk).first()
        if now is not None and now.status == Status.COMPLETE:
            return AlreadyVerified()
        if now is not None and now.abandoned:
            return VerificationExpired()
        return ResourceNotFound()

    @property
    def sends(self) -> int:
        """How many messages were asked for."""
        return sum(verification.sends for verification in self.known_verifications)

    def newest(self, strategy: Strategy | None = None) -> "Verification | None":
        """Return the verification that was last asked for, by this strategy or any."""
        asked = [v for v in self.known_verifications if strategy in {None, v.strategy}]
        return max(asked, key=lambda v: v.prepared_at, default=None)

    def reread(self) -> None:
        """Take over what other steps have written since this flow was read. Its row must be held."""
        self.refresh_from_db(fields=[*Kind.values, "details"])
        self.forget_verifications()

    def forget_verifications(self) -> None:
        """Read the verifications afresh the next time."""
        self.__dict__.pop("known_verifications", None)
        getattr(self, "_prefetched_objects_cache", {}).clear()
