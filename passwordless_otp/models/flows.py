"""Flow: one person's way through a sign-in or a sign-up, in one browser."""

import copy
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cached_property
from operator import attrgetter
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models, router
from django.db.models import Case, F, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import codes, conf, identifiers, keys
from passwordless_otp.errors import AlreadyVerified, OTPError, ResourceNotFound, VerificationExpired
from passwordless_otp.identifiers import IdentifierValue, Kind, Strategy
from passwordless_otp.models import base
from passwordless_otp.models.base import SQL, PrimaryManager, columns_of, compiled_select, durable, uuid7
from passwordless_otp.numbering_plans import newest
from passwordless_otp.visitor import RECOGNISED

LIFE = timedelta(hours=24)
TRANSFER_LIFE = timedelta(minutes=10)  # in which a sign-up may take over what a sign-in has proven
ALL = 2**31 - 1  # rows: with a bound, Django keeps the order of a subquery
MOST_MOVED = 50  # users whom a browser stays recognised for, so that one that many people share does not grow
PROOF_LIFE = timedelta(minutes=10)  # in which a proof may wait for the step of BEFORE_LOGIN
VERIFIED_LIFE = timedelta(hours=1)  # in which a sign-up may complete with what was proven in it


# In WHERE and SET of the two statements that every attempt runs.
MINE = """"id" = %s AND ("client" = %s OR "moved_from" = %s) AND "status" = 'open' AND "expires_at" > %s"""
VERDICT = """"id" = %s AND "status" = 'unverified' AND "tries" < "max_tries" AND "expires_at" > %s
AND "nonce" = %s AND ("length" >= %s OR "tries" = 0)"""
OF_LIVE_FLOW = """ AND "flow_id" IN (SELECT "id" FROM "passwordless_otp_flow"
WHERE "id" = %s AND "status" = 'open' AND "expires_at" > %s)"""
ONE_MORE = SQL('"tries" + 1')
FAILED_IF_LAST = SQL("""CASE WHEN "tries" >= "max_tries" - 1 THEN 'failed' ELSE "status" END""")
UNVERIFIED_UNLESS_USED_UP = Case(
    When(tries__lt=F("max_tries"), then=Value("unverified")), default=Value("failed")
)  # of a verification
ERASED_IF_LAST = SQL("""CASE WHEN "tries" >= "max_tries" - 1 THEN '' ELSE "nonce" END""")


class Overtaken(Exception):
    """Another request has changed the verification meanwhile: `lifecycle.retry` runs the step again."""


class Purpose(models.TextChoices):
    """What a flow is for."""

    SIGN_IN = "sign_in", _("sign-in")
    SIGN_UP = "sign_up", _("sign-up")


class Status(models.TextChoices):
    """Where a flow stands. One that is open and past its time is abandoned.

    In a proven one somebody has proven who they are, and the login waits for the step of BEFORE_LOGIN.
    """

    OPEN = "open", _("open")
    PROVEN = "proven", _("proven")
    COMPLETE = "complete", _("complete")
    ENDED = "ended", _("ended")


def expiry() -> datetime:
    """Return when a flow that begins now is abandoned."""
    return timezone.now() + LIFE


class FlowQuerySet(models.QuerySet["Flow"]):
    """Each method is one statement, unless it says otherwise."""

    def live(self) -> Self:
        """Those that can go on."""
        return self.filter(status=Status.OPEN, expires_at__gt=timezone.now())

    def waiting(self) -> Self:
        """Those whose proof waits."""
        return self.filter(status=Status.PROVEN, expires_at__gt=timezone.now())

    def end(self, client: str, *purposes: Purpose) -> int:
        """End this client's open flows of these purposes, abandoned ones too."""
        return self.filter(client=client, purpose__in=purposes, status=Status.OPEN).update(
            status=Status.ENDED, extra=""
        )

    def move_completed(self, client: str, to: str, user: Any) -> int:
        """File what this client has completed under another digest, the newest 50.

        The rest, and those of `user`, are filed nowhere. So nothing stays with the old cookie, of which somebody
        may have a copy.
        """
        own = self.filter(client=client, status=Status.COMPLETE).order_by("-pk")
        newest = When(pk__in=own.values("pk")[:MOST_MOVED], then=Value(to))
        theirs = [When(user=user, then=Value(""))] if user else []
        held = own.select_for_update().values("pk")[:ALL]
        return self.filter(pk__in=held).update(client=Case(*theirs, newest, default=Value("")))

    def forget(self, user: Any, identifier: IdentifierValue) -> None:
        """Let no browser in which this user has signed in be recognised by this identifier any more.

        One statement, and one for each such browser.
        """
        value = newest(identifier.value) if identifier.kind == Kind.PHONE_NUMBER else identifier.value
        theirs = set(keys.digests(RECOGNISED, identifier.kind, value))
        own = self.filter(user=user, status__in=[Status.PROVEN, Status.COMPLETE])
        for pk, digests in own.exclude(client="").values_list("pk", "recognised_for"):
            if theirs.intersection(digests):
                kept = [digest for digest in digests if digest not in theirs]
                self.filter(pk=pk).update(recognised_for=kept)

    def drop_older(self, flow: "Flow") -> int:
        """File nowhere what the client of this complete flow completed before for the same user."""
        same = self.filter(client=flow.client, user=flow.user_id, status=Status.COMPLETE)
        return same.exclude(pk=flow.pk).update(client="")


class Flow(models.Model):
    """A sign-in or a sign-up. Its identifiers are what was typed: nothing is proven by standing here."""

    made_user = False  # whether this very step has made the user
    asks_first = False  # whether this very step may make none: the visitor is asked before

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
    client = models.CharField(max_length=64)  # SHA-256 of the secret in the browser's cookie
    # The digest before the last proof: a step that had begun by then may still end.
    moved_from = models.CharField(max_length=64, blank=True)
    # What else was typed: names, `unsafe_metadata` (as text), `sign_up_if_missing`. A sign-up that has linked an
    # existing user says how: `linked` is "link" or "trust". While its proof waits also `proof`: `notice_due`,
    # `made_user`, `next` (the URL to go to), `auth_hash` (of the password: see there).
    details = models.JSONField(default=dict)
    # What the site's own form on the sign-up page took, as JSON text. Erased once the flow is over.
    extra = models.TextField(blank=True)
    # What opening it took from limits: its first verification takes that over. Scope, key and window.
    receipts = models.JSONField(default=list)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    expires_at = models.DateTimeField(_("abandoned at"), default=expiry)
    completed_at = models.DateTimeField(_("completed at"), null=True)
    # What the browser is recognised for once it is complete: digests of its user's
    # identifiers.
    recognised_for = models.JSONField(default=list)
    # Whether its user is still to be told: written with the completion, so that no sign-in gets lost.
    notice_due = models.BooleanField(default=False)

    objects = PrimaryManager.from_queryset(FlowQuerySet)()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("flow")
        verbose_name_plural = _("flows")
        constraints = [
            models.UniqueConstraint(
                fields=["client", "purpose"], condition=Q(status="open"), name="passwordless_otp_flow_one_open"
            ),
            models.CheckConstraint(
                condition=Q(purpose__in=Purpose.values) & Q(status__in=Status.values),
                name="passwordless_otp_flow_choices",
            ),
            models.CheckConstraint(
                condition=~Q(status="complete") | Q(user__isnull=False, completed_at__isnull=False),
                name="passwordless_otp_flow_complete_has_user",
            ),
        ]
        indexes = [
            models.Index(fields=["client"], name="passwordless_otp_flow_client"),
            models.Index(
                fields=["email_address"], name="passwordless_otp_flow_email", condition=~Q(email_address="")
            ),
            models.Index(
                fields=["phone_number"], name="passwordless_otp_flow_phone", condition=~Q(phone_number="")
            ),
            models.Index(fields=["id"], name="passwordless_otp_flow_notice", condition=Q(notice_due=True)),
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
    def identifiers(self) -> list[IdentifierValue]:
        """The identifiers typed, the email address first."""
        return [IdentifierValue(kind, getattr(self, kind)) for kind in Kind if getattr(self, kind)]

    @property
    def abandoned(self) -> bool:
        """Whether it was left open until its time was over."""
        return self.status == Status.OPEN and self.expires_at <= timezone.now()

    def verification_of(self, identifier: IdentifierValue) -> "Verification | None":
        """Return the verification of this identifier, if a code was ever asked for."""
        return next((v for v in self.known_verifications if v.identifier == identifier), None)

    def accept_code(self, identifier: IdentifierValue, required_length: int, **changes: Any) -> None:
        """Take the right code for this identifier, once, with these changes of its verification besides.

        Raises `Overtaken` if another request was faster.
        """
        [verification] = [each for each in self.known_verifications if each.identifier == identifier]
        changes = {"nonce": "", "status": VerificationStatus.VERIFIED, **changes}
        if not verification.judge(required_length, **changes):
            raise Overtaken
        verification.tries += 1
        for name, value in changes.items():
            setattr(verification, name, value)

    def touch(self, **changes: Any) -> Self:
        """Take the flow's row with these changes; return the flow with them. Raises the reason if it can't go on.

        The first statement of `lifecycle.step`, so that the steps of a flow queue up, and because a transaction
        that begins with a write does not deadlock on SQLite. With another `client`, the digest of the browser's
        next cookie, the flow moves: whoever knew the cookie before something was proven, be it planted, gains
        nothing from the proof. A step begun before the cookie moved may end.
        """
        if changes.get("client", self.client) != self.client:
            changes["moved_from"] = self.client
        mine = {"id": self.pk, "client": self.client, "moved_from": self.client}
        if not base.update(Flow, {"status": Status.OPEN, **changes}, MINE, **mine, expires_at=timezone.now()):
            raise self.refusal()
        return self.changed(**changes)

    def changed(self, **changes: Any) -> Self:
        """Return a copy with these changes, and copies of the known verifications. Nothing is saved."""
        flow = copy.copy(self)
        flow.known_verifications = [copy.copy(verification) for verification in self.known_verifications]
        for verification in flow.known_verifications:
            verification.flow = flow
        for name, value in changes.items():
            setattr(flow, name, value)
        return flow

    def completion(self, user: Any, client: str, notice_due: bool = False) -> dict[str, Any]:
        """Return the changes that complete this flow for `user`, filed under `client`.

        With BEFORE_LOGIN they make its proof wait instead: `take_proof` completes it.
        """
        own = user.otp_identifiers.all()
        # As it will be typed: a number is read in its newest form.
        typed = [
            (each.kind, newest(each.value) if each.kind == Kind.PHONE_NUMBER else each.value) for each in own
        ]
        held = [keys.digests(RECOGNISED, *each)[0] for each in typed]
        if conf.get("BEFORE_LOGIN"):
            proof = {"notice_due": notice_due, "auth_hash": auth_hash(user)}
            waits = {"status": Status.PROVEN, "user": user, "expires_at": timezone.now() + PROOF_LIFE}
            waits["recognised_for"] = held
            return {**waits, "details": {**self.details, "proof": proof}, "extra": "", "client": client}
        done = {"status": Status.COMPLETE, "user": user, "completed_at": timezone.now(), "notice_due": notice_due}
        return {**done, "recognised_for": held, "extra": "", "client": client}

    def keep_proof(self, **more: bool | str) -> bool:
        """Save what the waiting proof needs besides; return whether it still waits."""
        self.details["proof"] |= more
        return bool(Flow.objects.waiting().filter(pk=self.pk).update(details=self.details))

    def take_proof(self) -> bool:
        """Complete this flow, whose proof waits, by one statement; return whether that has done it.

        Of several requests with the same proof, as from copies of a session in a signed cookie, one succeeds.
        """
        details = dict(self.details)
        proof = details.pop("proof")
        due = proof["notice_due"] and details.get("linked") != "link"  # that notice went out with the link
        done = {"completed_at": timezone.now(), "notice_due": due, "details": details}
        own = Flow.objects.waiting().filter(pk=self.pk, client=self.client)
        if not own.update(status=Status.COMPLETE, **done):
            return False
        self.made_user = proof.get("made_user", self.made_user)
        self.status = Status.COMPLETE
        for name, value in done.items():
            setattr(self, name, value)
        return True

    def refusal(self) -> OTPError:
        """Return why this flow can't go on, as the database has it now."""
        now = Flow.objects.filter(pk=self.pk).first()
        if now is not None and now.status in {Status.COMPLETE, Status.PROVEN}:
            return AlreadyVerified()
        if now is not None and now.abandoned:
            return VerificationExpired()
        return ResourceNotFound()

    @property
    def verified(self) -> set[IdentifierValue]:
        """The identifiers proven in this flow, and not too long ago, whether or not they still stand in it."""
        return {v.identifier for v in self.known_verifications if v.state == VerificationStatus.VERIFIED}

    @property
    def sends(self) -> int:
        """How many messages were asked for."""
        return sum(verification.sends for verification in self.known_verifications)

    def newest(self, strategy: Strategy | None = None) -> "Verification | None":
        """Return the verification that was last asked for, by this strategy or any."""
        asked = [v for v in self.known_verifications if strategy is None or v.kind == strategy.kind]
        soon = timezone.now() + base.SKEW
        asked = [v for v in asked if v.prepared_at <= soon] or asked  # others are from before the clock went back
        return max(asked, key=attrgetter("prepared_at"), default=None)


class VerificationStatus(models.TextChoices):
    """Where a verification stands. One that is unverified and past its time is expired.

    So is one that is verified, as long as its sign-up is open: until `expires_at` it can complete.
    """

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
    generation = models.PositiveSmallIntegerField(default=0)  # how many codes it has had
    length = models.PositiveSmallIntegerField(default=codes.LENGTH)
    alphabet = models.CharField(max_length=8, default=codes.DIGITS)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)
    max_tries = models.PositiveSmallIntegerField(_("tries allowed"))
    sends = models.PositiveSmallIntegerField(_("messages"), default=0)
    prepared_at = models.DateTimeField(_("asked for at"), default=timezone.now)
    last_sent_at = models.DateTimeField(_("last message at"), null=True)
    expires_at = models.DateTimeField(_("expires at"), default=timezone.now)
    # What it has consumed of limits that people share, refunded once, when it succeeds: scope, key and
    # window. What two requests write at once may be lost here, and then stays counted; nothing is refunded twice.
    receipts = models.JSONField(default=list)

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
        return identifiers.mask(self.identifier)

    @property
    def identifier(self) -> IdentifierValue:
        """Kind and value."""
        return IdentifierValue(Kind(self.kind), self.value)

    @property
    def state(self) -> VerificationStatus:
        """The status now: the row of one whose time is over does not say so."""
        status = VerificationStatus(self.status)
        proven = status == VerificationStatus.VERIFIED
        expires = status == VerificationStatus.UNVERIFIED or (proven and self.flow.status == Status.OPEN)
        return VerificationStatus.EXPIRED if expires and self.expires_at <= timezone.now() else status

    @property
    def has_lapsed(self) -> bool:
        """Whether it was proven too long ago for its sign-up, which is still open."""
        return self.status == VerificationStatus.VERIFIED and self.state == VerificationStatus.EXPIRED

    def resend_at(self, interval: int) -> datetime | None:
        """Return from when on another message may go out, `interval` seconds after the last; `None`: now."""
        if self.last_sent_at is None or self.last_sent_at > timezone.now() + base.SKEW:
            return None
        return self.last_sent_at + timedelta(seconds=interval)

    def code(self) -> str:
        """Derive the code. Raises `keys.KeyMissing`."""
        circumstances = [self.nonce, self.pk.hex, self.flow_id.hex, self.flow.purpose, self.kind, self.value]
        return codes.derive(keys.find(self.key_id), *circumstances, length=self.length, alphabet=self.alphabet)

    def reopen(self) -> None:
        """Let a code be sent for a proof that has lapsed. The tries go on; what was refunded is not kept."""
        proven = Verification.objects.filter(pk=self.pk, status=VerificationStatus.VERIFIED)
        lapsed = proven.filter(expires_at__lte=timezone.now(), flow__status=Status.OPEN)
        lapsed.update(status=UNVERIFIED_UNLESS_USED_UP, receipts=[])

    def renew(self, life: timedelta, now: datetime, length: int, alphabet: str) -> None:
        """Take a new code of this format; the tries go on (NIST SP 800-63B-4 §3.2.2). Not saved."""
        self.length, self.alphabet = length, alphabet
        self.nonce = secrets.token_hex(16)
        self.key_id = keys.current_id()
        self.generation += 1
        self.expires_at = now + life

    def record_failure(self, required_length: int, receipts: list[list[object]]) -> bool:
        """Count a wrong code: the verdict. Return whether it was the last try. Raises `Overtaken`."""
        changes = {"status": FAILED_IF_LAST, "nonce": ERASED_IF_LAST, "receipts": receipts}
        with durable(Verification):  # a conflict of the second statement undoes the first
            if not self.judge(required_length, is_failure=True, **changes):
                raise Overtaken
            status = Verification.objects.filter(pk=self.pk).values_list("status", flat=True).get()
        return bool(status == VerificationStatus.FAILED)

    def judge(self, required_length: int, *, is_failure: bool = False, **changes: Any) -> bool:
        """Count a try: whether this one statement has changed its row is the verdict (RFC 4226 §7.3).

        Whatever two requests may race for stands in the outer WHERE, which PostgreSQL looks at again after
        waiting; the subquery of a failure asks for the flow in another table: a success holds its row already.
        A code shorter than `required_length` has one try in all.
        """
        now = timezone.now()
        given = {"id": self.pk, "expires_at": now, "nonce": self.nonce, "length": required_length}
        if is_failure:
            given |= {"flow": self.flow_id, "prepared_at": now}  # the second: a place for the same instant
        where = VERDICT + OF_LIVE_FLOW if is_failure else VERDICT
        return bool(base.update(Verification, {"tries": ONE_MORE, **changes}, where, **given))


def auth_hash(user: Any) -> str:
    """Return the digest of the user's password that sessions keep; empty for a user model without one."""
    return str(user.get_session_auth_hash()) if hasattr(user, "get_session_auth_hash") else ""


def flows_of(client: str) -> list[Flow]:
    """Return the flows of this client that are open or complete, with their verifications. One statement."""
    using = router.db_for_write(Flow)
    return _with_verifications(using, compiled_select(_of_client, using, client))


def read_flows(**conditions: Any) -> list[Flow]:
    """Return the flows that meet these conditions, with their verifications. One statement."""
    using = router.db_for_write(Flow)
    return _with_verifications(using, _whole(using).filter(**conditions))


def _of_client(using: str, client: str) -> models.QuerySet[Any, Any]:
    return _whole(using).filter(client=client, status__in=[Status.OPEN, Status.COMPLETE])


def _whole(using: str) -> models.QuerySet[Any, Any]:
    columns = [*columns_of(Flow), *[f"verifications__{name}" for name in columns_of(Verification)]]
    return Flow.objects.using(using).order_by("pk").values_list(*columns)


def _with_verifications(using: str, rows: Iterable[Any]) -> list[Flow]:
    own, theirs = columns_of(Flow), columns_of(Verification)
    found: dict[Any, Flow] = {}
    for row in rows:
        flow = found.get(row[0])
        if flow is None:
            flow = found[row[0]] = Flow.from_db(using, own, row[: len(own)])
            flow.known_verifications = []
        if row[len(own)] is not None:
            verification = Verification.from_db(using, theirs, row[len(own) :])
            verification.flow = flow
            flow.known_verifications.append(verification)
    return list(found.values())


class PurposeManager(PrimaryManager):
    """The flows of a proxy's own purpose."""

    def get_queryset(self) -> models.QuerySet[Any]:
        """Leave out the others."""
        return super().get_queryset().filter(purpose=self.model.PURPOSE)


class SignIn(Flow):
    """A sign-in: one identifier was typed, and a code to one of its user's proves who it is."""

    PURPOSE = Purpose.SIGN_IN
    objects: ClassVar[Any] = PurposeManager()

    class Meta:
        proxy = True
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")


class SignUp(Flow):
    """A sign-up: it collects identifiers and names until everything is given and proven."""

    PURPOSE = Purpose.SIGN_UP
    objects: ClassVar[Any] = PurposeManager()

    class Meta:
        proxy = True
        verbose_name = _("sign-up")
        verbose_name_plural = _("sign-ups")
