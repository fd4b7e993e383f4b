"""Message: one email or SMS on its way, and what became of it."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import identifiers
from passwordless_otp.models.ids import uuid7
from passwordless_otp.models.primary import PrimaryManager
from passwordless_otp.models.verifications import Verification


class MessageKind(models.TextChoices):
    """What a message says."""

    SIGN_IN = "sign_in", _("code to sign in")
    SIGN_UP = "sign_up", _("code to sign up")
    NO_ACCOUNT = "no_account", _("no account here")
    NOT_ALLOWED = "not_allowed", _("account does not sign in by code")

    @property
    def has_code(self) -> bool:
        """Whether it holds a code; the others are notes."""
        return self in {MessageKind.SIGN_IN, MessageKind.SIGN_UP}


class MessageStatus(models.TextChoices):
    """What became of a message."""

    PENDING = "pending", _("pending")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("may have been sent")
    SUPPRESSED = "suppressed", _("not to be sent")


class MessageQuerySet(models.QuerySet["Message"]):
    """Each method is one statement."""

    def claim(self, pk: object) -> int:
        """Take a pending message for this worker: of two that ask, one gets 1."""
        pending = self.filter(pk=pk, status=MessageStatus.PENDING)
        return pending.update(status=MessageStatus.SENDING, attempts=F("attempts") + 1)

    def whole(self) -> Self:
        """With the verification and the flow that a code is derived from."""
        return self.select_related("verification__flow")


class Message(models.Model):
    """One email or SMS. It goes to its verification's identifier; the text is made when it is sent."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(
        Verification, on_delete=models.CASCADE, related_name="messages", verbose_name=_("verification attempt")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=MessageKind)
    channel = models.CharField(_("channel"), max_length=8)
    # The verification's when it was written: it is sent only while that is still the newest code.
    generation = models.PositiveSmallIntegerField()
    status = models.CharField(_("status"), max_length=12, choices=MessageStatus, default=MessageStatus.PENDING)
    backend = models.CharField(_("provider"), max_length=200, blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=200, blank=True)
    error_code = models.CharField(_("provider's answer"), max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    language = models.CharField(_("language"), max_length=16, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent at"), null=True)

    objects = PrimaryManager.from_queryset(MessageQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=MessageKind.values)
                & Q(status__in=MessageStatus.values)
                & Q(channel__in=["email", "sms"]),
                name="passwordless_otp_message_choices",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {identifiers.mask(self.verification.address)}"

    def record(self, status: MessageStatus, **outcome: str) -> None:
        """Save what became of it."""
        self.status = status
        for name, value in outcome.items():
            field: Any = self._meta.get_field(name)
            setattr(self, name, value[: field.max_length])
        self.sent_at = timezone.now() if status == MessageStatus.SENT else None
        self.save(update_fields=["status", "sent_at", *outcome])
