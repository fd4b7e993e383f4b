"""Message: one email or SMS to one recipient. The row holds no text and no code: both are made when it is sent.

A message is saved as pending, or as sending where the same request delivers it, and a worker claims it with one
conditional UPDATE. Of several workers that try, one sends it. From then on its status only moves forward,
whatever order the worker's answer and the provider's reports arrive in.
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self
from uuid import UUID

from django.conf import settings
from django.db import connections, models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers, links
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models.base import SKEW, PrimaryManager, uuid7
from passwordless_otp.models.flows import Flow, Status, Verification, VerificationStatus


class MessageKind(models.TextChoices):
    """What a message is about; also the folder of its templates."""

    SIGN_IN = "sign_in", _("code to sign in")
    SIGN_UP = "sign_up", _("code to sign up")
    UNKNOWN_ACCOUNT = "unknown_account", _("unknown account")
    NOT_ALLOWED = "not_allowed", _("sign-in by code not allowed")
    UNLOCK = "unlock", _("unlock link")
    SECURITY_NOTICE = "security_notice", _("security notice")

    @property
    def has_code(self) -> bool:
        """Whether messages of this kind contain a code."""
        return self in {MessageKind.SIGN_IN, MessageKind.SIGN_UP}


class MessageStatus(models.TextChoices):
    """How far a message has come. `PREDECESSORS` says which status may follow which."""

    PENDING = "pending", _("pending")
    SENDING = "sending", _("sending")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("failed")
    UNKNOWN = "unknown", _("may have been sent")
    SUPPRESSED = "suppressed", _("suppressed")


LONGEST_WAIT = timedelta(minutes=1)  # until a message that no provider could take is tried again
UNFINISHED = [MessageStatus.PENDING, MessageStatus.SENDING]
ACCEPTED = [MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.UNKNOWN]  # by a provider, or perhaps so
# The statuses that each status may follow. A provider's report can arrive before its answer to the request.
PREDECESSORS = {
    MessageStatus.PENDING: [MessageStatus.SENDING, MessageStatus.UNKNOWN],  # of a worker that was only slow
    MessageStatus.UNKNOWN: [MessageStatus.SENDING],
    MessageStatus.SUPPRESSED: [MessageStatus.SENDING],
    MessageStatus.SENT: [*UNFINISHED, MessageStatus.UNKNOWN],
    MessageStatus.FAILED: [MessageStatus.SENDING, MessageStatus.UNKNOWN, MessageStatus.SENT],
    MessageStatus.DELIVERED: [*UNFINISHED, MessageStatus.UNKNOWN, MessageStatus.SENT],
}


TEXT_LENGTHS = {"backend": 200, "provider_id": 200, "error_code": 100}


class DeliveryResult(NamedTuple):
    """What came of a try to deliver a message. `error_code` and `backend` are shown to operators."""

    status: MessageStatus
    backend: str = ""
    error_code: str = ""
    provider_id: str = ""
    next_try_at: datetime | None = None

    def as_text(self) -> Self:
        """Return it with texts that can be saved: a site's own backend may return anything."""
        texts: dict[str, Any] = {}
        for name, longest in TEXT_LENGTHS.items():
            texts[name] = str(getattr(self, name) or "").replace("\0", "")[:longest]  # PostgreSQL takes no NUL
        return self._replace(**texts)


# Written out because every message runs it: composed by the ORM, this statement takes six times as long.
RECORD = """
UPDATE "passwordless_otp_message"
SET "kind" = %s, "status" = %s, "backend" = %s, "error_code" = %s, "provider_id" = %s, "next_try_at" = %s,
    "sent_at" = COALESCE(%s, "sent_at")
WHERE "id" = %s AND "status" IN ({predecessors})
"""


class MessageQuerySet(models.QuerySet["Message"]):
    """Each method is one statement."""

    def claim(self, pk: object) -> int:
        """Mark a message that is due as being sent by the caller. Of several workers that try, one gets 1."""
        now, tries = timezone.now(), F("delivery_tries") + 1
        rows = self.due(now).filter(pk=pk)
        return rows.update(status=MessageStatus.SENDING, delivery_tries=tries, claimed_at=now)

    def due(self, now: datetime) -> Self:
        """Those that wait for a worker, oldest first."""
        now_due = Q(next_try_at=None) | Q(next_try_at__lte=now) | Q(next_try_at__gt=now + LONGEST_WAIT + SKEW)
        return self.filter(now_due, status=MessageStatus.PENDING).order_by("pk")

    def mark_unknown(self, now: datetime, after: timedelta) -> int:
        """Mark those claimed so long ago and still unfinished: they may or may not have been sent."""
        long_ago = Q(claimed_at__lt=now - after) | Q(claimed_at__gt=now + SKEW)
        lost = self.filter(long_ago, status=MessageStatus.SENDING)
        return lost.update(status=MessageStatus.UNKNOWN, error_code="worker stopped before it recorded an answer")

    def record(self, pk: UUID, kind: str, result: DeliveryResult, sent_at: datetime | None) -> int:
        """Save the result of a try and the kind that was chosen, unless the message has moved on already."""
        connection = connections[self.db]
        before = PREDECESSORS[result.status]
        instants = [connection.ops.adapt_datetimefield_value(each) for each in [result.next_try_at, sent_at]]
        key = Message.id.field.get_db_prep_value(pk, connection)
        texts = [kind, result.status, result.backend, result.error_code, result.provider_id]
        with connection.cursor() as cursor:
            sql = RECORD.format(predecessors=", ".join(["%s"] * len(before)))
            cursor.execute(sql, [*texts, *instants, key, *before])
            return int(cursor.rowcount)

    def deny(self, pk: object) -> int:
        """Record that the recipient of this security notice says "It was not me". Only the first call gets 1."""
        notice = self.filter(pk=pk, denied_at=None, kind=MessageKind.SECURITY_NOTICE)
        return notice.update(denied_at=timezone.now())

    def report(self, pk: object, status: MessageStatus, provider_id: str, error_code: str = "") -> int:
        """Apply a provider's report, unless it is about another try or the message has moved on already."""
        of_this_try = Q(provider_id="") | Q(provider_id=provider_id)
        known = self.filter(of_this_try, pk=pk, status__in=PREDECESSORS[status])
        column = {MessageStatus.SENT: "sent_at", MessageStatus.DELIVERED: "delivered_at"}.get(status)
        at = {column: timezone.now()} if column else {}
        return known.update(status=status, provider_id=provider_id, error_code=error_code, **at)

    def with_unlock_link(self) -> Self:
        """Those that contain an unlock link."""
        return self.filter(Q(kind=MessageKind.UNLOCK) | Q(has_unlock_link=True))

    def with_flow(self) -> Self:
        """With what delivering needs: the verification and its flow, or the flow of a security notice."""
        return self.select_related("verification__flow", "flow")


UNDERWAY = Q(status__in=UNFINISHED)
CHOICES = Q(kind__in=MessageKind.values) & Q(status__in=MessageStatus.values) & Q(channel__in=["email", "sms"])
# Which columns a security notice has, which an unlock link has, and which any other message has.
NOTICE = Q(kind="security_notice", verification__isnull=True, user__isnull=False) & ~Q(to="")
UNLOCK = Q(
    kind="unlock", verification__isnull=True, user__isnull=True, flow__isnull=True, denied_at__isnull=True
) & ~Q(to="")
OTHER = ~Q(kind__in=["security_notice", "unlock"]) & Q(
    verification__isnull=False, user__isnull=True, flow__isnull=True, denied_at__isnull=True, to=""
)


class Message(models.Model):
    """Belongs to a verification and goes to its identifier.

    A security notice has a user and `to` instead, an unlock link has only `to`: it may be nobody's identifier.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    verification = models.ForeignKey(
        Verification, models.CASCADE, null=True, related_name="messages", verbose_name=_("verification attempt")
    )
    # Security notices only: the account, and the sign-in. Without a sign-in, an identifier was added.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="otp_notices", verbose_name=_("user")
    )
    flow = models.ForeignKey(Flow, models.CASCADE, null=True, related_name="notices", verbose_name=_("flow"))
    to = models.CharField(_("to"), max_length=identifiers.MAX_LENGTH, blank=True)
    denied_at = models.DateTimeField(_("“It was not me” at"), null=True)
    kind = models.CharField(_("kind"), max_length=16, choices=MessageKind)
    channel = models.CharField(_("channel"), max_length=8)
    # The verification's generation at the time: the message is sent only while its code is the newest.
    generation = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(_("status"), max_length=12, choices=MessageStatus, default=MessageStatus.PENDING)
    backend = models.CharField(_("provider"), max_length=TEXT_LENGTHS["backend"], blank=True)
    provider_id = models.CharField(_("provider's id"), max_length=TEXT_LENGTHS["provider_id"], blank=True)
    error_code = models.CharField(_("provider's answer"), max_length=TEXT_LENGTHS["error_code"], blank=True)
    delivery_tries = models.PositiveSmallIntegerField(_("delivery tries"), default=0)
    has_unlock_link = models.BooleanField(_("with an unlock link"), default=False)  # beside what else it says
    # Who has asked, for the limits of the worker: `rate_limits.rules.asked_by`.
    asked_by = models.JSONField(default=dict)
    # Set for an SMS to a number that no user had proven: it counts for the conversion rate of its country.
    country = models.CharField(_("country"), max_length=2, blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)
    # Where PUBLIC_URL names a function: its answer to the request that asked for it, since a worker has none.
    origin = models.CharField(_("asked from"), max_length=conf.MAX_ORIGIN, blank=True)
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
                fields=["status", "next_try_at"], condition=UNDERWAY, name="passwordless_otp_msg_underway"
            ),
            # Providers also report on the site's other mail, and each report is looked up here.
            models.Index(fields=["provider_id"], name="passwordless_otp_msg_provider"),
            models.Index(fields=["created_at"], condition=~Q(country=""), name="passwordless_otp_msg_country"),
            models.Index(fields=["to"], condition=~Q(to=""), name="passwordless_otp_msg_to"),
        ]
        constraints = [
            models.CheckConstraint(condition=CHOICES, name="passwordless_otp_message_choices"),
            models.CheckConstraint(condition=NOTICE | UNLOCK | OTHER, name="passwordless_otp_message_notice"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {identifiers.mask(self.identifier)}"

    @property
    def identifier(self) -> IdentifierValue:
        """The recipient: what the verification proves, or `to`."""
        if self.verification is not None:
            return self.verification.identifier
        return IdentifierValue(next(kind for kind in Kind if kind.channel == self.channel), self.to)

    @property
    def happened_at(self) -> datetime:
        """When the event that a security notice is about took place."""
        return (self.flow and self.flow.completed_at) or self.created_at

    @property
    def event(self) -> dict[str, object]:
        """What a security notice is about, for templates. `linked`: see `Flow.details`."""
        linked = self.flow.details.get("linked", "") if self.flow else ""
        return {"added": self.flow is None, "linked": linked, "at": self.happened_at}

    @property
    def is_current(self) -> bool:
        """Whether sending it still makes sense: its code or its link would be accepted. A notice always does."""
        verification = self.verification
        if self.kind == MessageKind.UNLOCK:
            return self.created_at > timezone.now() - links.UNLOCK_LIFE
        if verification is None:
            return True
        live = verification.state == VerificationStatus.UNVERIFIED and verification.flow.status == Status.OPEN
        return live and self.generation == verification.generation

    def mark_claimed(self) -> None:
        """Set what `claim` sets, for a message that has not been saved or whose row was just claimed."""
        self.status, self.claimed_at = MessageStatus.SENDING, timezone.now()
        self.delivery_tries += 1

    def record(self, result: DeliveryResult) -> None:
        """Save the result of a try. If a provider's report arrived first, its status stays."""
        result = result.as_text()
        sent_at = timezone.now() if result.status == MessageStatus.SENT else None
        if Message.objects.record(self.pk, self.kind, result, sent_at):
            return
        late = {"backend": result.backend, "provider_id": result.provider_id, "sent_at": sent_at}
        Message.objects.filter(pk=self.pk).update(**{name: value for name, value in late.items() if value})
