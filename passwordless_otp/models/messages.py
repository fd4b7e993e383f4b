"""What a message says, and what may become of it."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import identifiers
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models.base import PrimaryManager, uuid7
from passwordless_otp.models.flows import Flow, Status, Verification, VerificationStatus


class MessageKind(models.TextChoices):
    """What a message says."""

    SIGN_IN = "sign_in", _("code to sign in")
    SIGN_UP = "sign_up", _("code to sign up")
    UNKNOWN_ACCOUNT = "unknown_account", _("unknown account")
    NOT_ALLOWED = "not_allowed", _("account does not sign in by code")
    SECURITY_NOTICE = "security_notice", _("security notice")

    @property
    def has_code(self) -> bool:
        """Whether it holds a code; the others are notes."""
        return self in {MessageKind.SIGN_IN, MessageKind.SIGN_UP}


class MessageStatus(models.TextChoices):
    """What became of a message."""

    PENDING = "pending", _("pending")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("may have been sent")
    SUPPRESSED = "suppressed", _("not to be sent")


UNDERWAY = [MessageStatus.PENDING, MessageStatus.SENDING]
TAKEN = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNKNOWN]  # by a provider, as far as we know
# A status only moves on: what another one may follow. A report can be faster than the answer that it is about.
BEFORE = {
    MessageStatus.PENDING: [MessageStatus.SENDING, MessageStatus.UNKNOWN],  # of a worker that was only slow
    MessageStatus.UNKNOWN: [MessageStatus.SENDING],
    MessageStatus.SUPPRESSED: [MessageStatus.SENDING],
    MessageStatus.SENT: [*UNDERWAY, MessageStatus.UNKNOWN],
    MessageStatus.FAILED: [MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.SENT],
    MessageStatus.DELIVERED: [*UNDERWAY, MessageStatus.UNKNOWN, MessageStatus.SENT],
}


__all__ = ["BEFORE", "TAKEN", "UNDERWAY", "Message", "MessageKind", "MessageStatus"]


class MessageQuerySet(models.QuerySet["Message"]):
    """Each method is one statement."""

    def claim(self, pk: object) -> int:
        """Take a message that is due for this worker: of two that ask, one gets 1."""
        now = timezone.now()
        return (
            self.due(now)
            .filter(pk=pk)
            .update(status=MessageStatus.SENDING, delivery_tries=F("delivery_tries") + 1, claimed_at=now)
        )

    def next_try(self, pk: object) -> datetime | None:
        """Return when this message is due again; `None` unless it waits for that."""
        waiting = self.filter(pk=pk, status=MessageStatus.PENDING)
        return waiting.values_list("next_try_at", flat=True).first()

    def due(self, now: datetime) -> Self:
        """Those that wait for a worker, the oldest first."""
        now_due = Q(next_try_at=None) | Q(next_try_at__lte=now)
        return self.filter(now_due, status=MessageStatus.PENDING).order_by("pk")

    def give_up(self, before: datetime) -> int:
        """Mark as unknown those that a worker took before then: it died, with or without having sent them."""
        lost = self.filter(status=MessageStatus.SENDING, claimed_at__lt=before)
        return lost.update(status=MessageStatus.UNKNOWN, error_code="the worker died")

    def deny(self, pk: object) -> int:
        """Note that what this notice tells of was somebody else's doing: of two that say so, one gets 1."""
        return self.filter(pk=pk, denied_at=None, kind=MessageKind.SECURITY_NOTICE).update(
            denied_at=timezone.now()
        )

    def report(self, pk: object, status: MessageStatus, provider_id: str, error_code: str = "") -> int:
        """Take over what a provider says became of its message, unless it is about another try, or old news."""
        of_this_try = Q(provider_id="") | Q(provider_id=provider_id)
        known = self.filter(of_this_try, pk=pk, status__in=BEFORE[status])
        column = {MessageStatus.SENT: "sent_at", MessageStatus.DELIVERED: "delivered_at"}.get(status)
        at = {column: timezone.now()} if column else {}
        return known.update(status=status, provider_id=provider_id, error_code=error_code, **at)

    def whole(self) -> Self:
        """With the verification and the flow that a code is derived from, or the sign-in that it is about."""
        return self.select_related("verification__flow", "flow")


class Message(models.Model):
    """One email or SMS; its text is made when it is sent.

    It goes to its verification's identifier. A notice has none: it goes to one that its user had already.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(
        Verification,
        on_delete=models.CASCADE,
        null=True,
        related_name="messages",
        verbose_name=_("verification attempt"),
    )
    # Of notices alone: whose account it is about, and the sign-in; without one, an identifier was added.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="otp_notices",
        verbose_name=_("user"),
    )
    flow = models.ForeignKey(
        Flow, on_delete=models.CASCADE, null=True, related_name="notices", verbose_name=_("flow")
    )
    to = models.CharField(_("to"), max_length=identifiers.MAX_LENGTH, blank=True)
    denied_at = models.DateTimeField(_("“It was not me” at"), null=True)
    kind = models.CharField(_("kind"), max_length=16, choices=MessageKind)
    channel = models.CharField(_("channel"), max_length=8)
    # The verification's when it was written: it is sent only while that is still the newest code.
    generation = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(_("status"), max_length=12, choices=MessageStatus, default=MessageStatus.PENDING)
    backend = models.CharField(_("provider"), max_length=200, blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=200, blank=True)
    error_code = models.CharField(_("provider's answer"), max_length=100, blank=True)
    delivery_tries = models.PositiveSmallIntegerField(_("delivery tries"), default=0)
    # Of an SMS that counts for the limits of its country: to a number that nobody had proven when it went out.
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    claimed_at = models.DateTimeField(_("last tried at"), null=True)
    next_try_at = models.DateTimeField(_("next try at"), null=True)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)

    objects = PrimaryManager.from_queryset(MessageQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(
                fields=["status", "next_try_at"],
                condition=Q(status__in=UNDERWAY),
                name="passwordless_otp_msg_underway",
            ),
            # For reports on mail that the site sends by the same provider: all of them are looked for here.
            models.Index(fields=["provider_id"], name="passwordless_otp_msg_provider"),
            models.Index(fields=["created_at"], condition=~Q(country=""), name="passwordless_otp_msg_country"),
            models.Index(fields=["to"], condition=~Q(to=""), name="passwordless_otp_msg_to"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=MessageKind.values)
                & Q(status__in=MessageStatus.values)
                & Q(channel__in=["email", "sms"]),
                name="passwordless_otp_message_choices",
            ),
            models.CheckConstraint(
                condition=Q(kind="security_notice", verification__isnull=True, user__isnull=False) & ~Q(to="")
                | ~Q(kind="security_notice")
                & Q(
                    verification__isnull=False,
                    user__isnull=True,
                    flow__isnull=True,
                    denied_at__isnull=True,
                    to="",
                ),
                name="passwordless_otp_message_notice",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {identifiers.mask(self.identifier)}"

    @property
    def identifier(self) -> IdentifierValue:
        """Whom it goes to."""
        if self.verification is not None:
            return self.verification.identifier
        return IdentifierValue(next(kind for kind in Kind if kind.channel == self.channel), self.to)

    @property
    def happened_at(self) -> datetime:
        """When what a notice is about was done."""
        return (self.flow and self.flow.completed_at) or self.created_at

    @property
    def is_current(self) -> bool:
        """Whether it is still to be sent: its code is the one that would be right, or it is a notice."""
        verification = self.verification
        if verification is None:
            return True
        live = verification.state == VerificationStatus.UNVERIFIED and verification.flow.status == Status.OPEN
        return live and self.generation == verification.generation

    def record(self, status: MessageStatus, **outcome: Any) -> None:
        """Save what became of it. Where a provider's report was faster, its word stays."""
        now = timezone.now()
        outcome = {"error_code": "", "next_try_at": None, "backend": "", "provider_id": "", **outcome}
        for name in ["backend", "provider_id", "error_code"]:
            field: Any = self._meta.get_field(name)
            said = str(outcome[name] or "")  # by a provider's backend: PostgreSQL takes no NUL
            outcome[name] = said.replace("\0", "")[: field.max_length]
        if status == MessageStatus.SENT:
            outcome["sent_at"] = now
        held = Message.objects.filter(pk=self.pk)
        if held.filter(status__in=BEFORE[status]).update(status=status, **outcome):
            return
        late = [name for name in ["backend", "provider_id", "sent_at"] if outcome.get(name)]
        held.update(**{name: outcome[name] for name in late})
