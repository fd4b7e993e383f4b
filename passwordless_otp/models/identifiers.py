"""Identifier: an email address or phone number that a user has verified."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import models, router, transaction
from django.db.models.functions import Lower
from django.db.models.signals import post_delete
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import allauth_addresses, conf, email_field, identifiers, keys, phone_numbers
from passwordless_otp.errors import FormatInvalid, IdentifierExists
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models.base import PrimaryManager
from passwordless_otp.models.flows import Flow
from passwordless_otp.models.instance_settings import InstanceSettings


class IdentifierManager(PrimaryManager):
    """Adds and moves identifiers of existing users, and keeps their email fields in step."""

    def adopt(self, user: Any, value: str, kind: Kind | None = None) -> "Identifier":
        """Save and return `value` as an identifier of the user: only for what the site has verified.

        It is the primary one if the user has none of its kind. If the user has it already, that one is returned.
        Without `kind`, a text with an `@` is an email address. Raises `FormatInvalid`, `IdentifierExists` if it
        belongs to another user, `IdentificationClaimed` if a unique email field of another user has it, or
        allauth has verified it for them.
        """
        identifier = _read(value, kind)
        with self.changing(user):
            held: Identifier | None = self.matching(identifier).first()
            if held is None:
                _require_mobile(identifier)
                others = self.filter(user=user, kind=identifier.kind, primary=True)
                new = {"user": user, "primary": not others.exists()}
                held = self.get_or_create(kind=identifier.kind, value=identifier.value, defaults=new)[0]
            if held.user_id != user.pk:
                raise IdentifierExists("value")
        return held

    def matching(self, identifier: IdentifierValue) -> models.QuerySet[Any]:
        """Return the identifiers that are this one; a number may also be stored in an old form of its country."""
        values = [form.value for form in identifiers.forms(identifier)]
        return self.filter(kind=identifier.kind, value__in=values)

    def move(self, source: Any, target: Any) -> int:
        """Give all identifiers of one user to another, and return their number: for merging two accounts.

        The primary ones of `target` stay primary. Nothing else of the two users is changed: the site decides what
        becomes of their sessions, data and rights. Whoever proves the address in the email field of `source` is
        not linked to it later: a trace of what it had is kept.
        """
        if source.pk == target.pk:
            return 0
        with self.changing(source, target):
            RemovedIdentifier.objects.bulk_create([_trace(each) for each in self.filter(user=source)])
            kinds = list(self.filter(user=target, primary=True).values_list("kind", flat=True))
            self.filter(user=source, kind__in=kinds).update(primary=False)
            return int(self.filter(user=source).update(user=target))

    @contextmanager
    def changing(self, *people: Any) -> Iterator[None]:
        """Open a transaction in which identifiers of these users are added, removed or made primary.

        At its end their email fields follow, and allauth's addresses if it is installed. It raises
        `IdentificationClaimed` if another user has the new address there, and then nothing is changed.
        """
        users = list({user.pk: user for user in people}.values())
        with transaction.atomic(router.db_for_write(self.model)):
            current = email_field.locked(users)
            before = self._email_addresses(users)
            yield
            after = self._email_addresses(users)
            for user in users:
                if before[user.pk] != after[user.pk]:
                    _follow(user, current.get(user.pk, ""), before[user.pk], after[user.pk])

    def users_without(self) -> models.QuerySet[Any]:
        """Return the users who have an email address in their email field, and no identifier."""
        model, field = get_user_model(), email_field.find()
        people: models.QuerySet[Any] = model._base_manager.using(router.db_for_write(model))
        if field is None:
            return people.none()
        known = self.filter(user=models.OuterRef("pk"))
        return people.exclude(**{field.name: ""}).exclude(**{field.name: None}).filter(~models.Exists(known))

    def with_unproven_email_field(self) -> models.QuerySet[Any]:
        """Return those of users whose email field holds an address that is none of their identifiers."""
        return filter_unproven(self.all())

    def _email_addresses(self, people: list[Any]) -> dict[Any, dict[str, bool]]:
        """Return the email addresses of each user with whether they are primary; the oldest one first."""
        found: dict[Any, dict[str, bool]] = {user.pk: {} for user in people}
        rows = self.filter(user__in=list(found), kind=Kind.EMAIL_ADDRESS).order_by("pk")
        for pk, value, primary in rows.values_list("user", "value", "primary"):
            found[pk][value] = primary
        return found


class Identifier(models.Model):
    """A verified email address or phone number of a user. Unverified ones are in a flow."""

    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    value = models.CharField(
        _("value"),
        max_length=identifiers.MAX_LENGTH,
        help_text=_(
            "An email address, or a phone number with its country code. Anybody who receives messages there can "
            "sign in."
        ),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="otp_identifiers", verbose_name=_("user")
    )
    verified_at = models.DateTimeField(_("verified at"), default=timezone.now, editable=False)
    undeliverable_at = models.DateTimeField(_("bounced at"), null=True, editable=False)
    primary = models.BooleanField(
        _("primary"), default=True, help_text=_("Offered first if the user has several of this kind.")
    )

    objects: ClassVar[IdentifierManager] = IdentifierManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("identifier")
        verbose_name_plural = _("identifiers")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value"],
                name="passwordless_otp_identifier_unique",
                violation_error_message=_("This belongs to another user. Remove it there first."),
            ),
            models.UniqueConstraint(
                fields=["user", "kind"],
                condition=models.Q(primary=True),
                name="passwordless_otp_identifier_one_primary",
                violation_error_message=_(
                    "The user has another primary identifier of this kind. Untick “Primary” there first."
                ),
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=Kind.values), name="passwordless_otp_identifier_kind"
            ),
        ]

    def __str__(self) -> str:
        return self.value

    def clean(self) -> None:
        """Bring the value of a new identifier into canonical form. Raises `ValidationError`."""
        if not self._state.adding:
            return  # verified already; the number of a test address need not exist
        try:
            self.kind, self.value = identifier = _read(self.value, None)
            _require_mobile(identifier)
        except FormatInvalid as error:
            raise ValidationError({"value": error.long_message}) from error

    @property
    def identifier(self) -> IdentifierValue:
        """Kind and value."""
        return IdentifierValue(Kind(self.kind), self.value)


def _read(text: str, kind: Kind | None) -> IdentifierValue:
    """Parse a new identifier of this kind, or of the kind it looks like. Raises `FormatInvalid`."""
    if kind == Kind.EMAIL_ADDRESS:
        return IdentifierValue(kind, identifiers.parse_email(text, "value"))
    if kind == Kind.PHONE_NUMBER:
        return IdentifierValue(kind, identifiers.parse_phone(text, conf.default_region(), "value"))
    return identifiers.parse(text, conf.default_region(), "value")


def _require_mobile(identifier: IdentifierValue) -> None:
    """Raise `FormatInvalid` for a new phone number that can receive no SMS."""
    if identifier.kind == Kind.PHONE_NUMBER and not phone_numbers.is_mobile(identifier.value):
        identifiers.require_mobile(identifier.value, "value", InstanceSettings.current().allowed_prefixes)


def filter_unproven(rows: models.QuerySet[Any]) -> models.QuerySet[Any]:
    """Return those of these identifiers whose user's email field holds none of the user's identifiers."""
    field = email_field.find()
    if field is None:
        return rows.none()
    address = f"user__{field.name}"
    same = {"user": models.OuterRef("user"), "value": Lower(models.OuterRef(address))}
    proven = Identifier.objects.filter(kind=Kind.EMAIL_ADDRESS, **same)
    others = rows.exclude(value=Lower(address))  # the row itself is what most email fields hold
    filled = others.filter(**{f"{address}__isnull": False}).exclude(**{address: ""})
    return filled.filter(~models.Exists(proven))


def _follow(user: Any, current: str, before: dict[str, bool], after: dict[str, bool]) -> None:
    """Write to the email field, which holds `current`, and to allauth what has become of the user's addresses."""
    was = leading(before, current)
    now = leading(after, was)
    if email_field.is_kept():
        email_field.write(user, current, was, now)
    allauth_addresses.follow(user, set(before) - set(after), after, now)


def leading(held: dict[str, bool], usual: str) -> str:
    """Return the primary address. If an operator has unticked all: `usual` if it is held, or the oldest."""
    chosen = [value for value, primary in held.items() if primary]
    if chosen or not held:
        return "".join(chosen)
    return usual if usual in held else next(iter(held))


class RemovedIdentifier(models.Model):
    """A trace that a user once had an identifier: a keyed digest, from which it can't be read."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=16, choices=Kind)
    digest = models.CharField(max_length=32)
    removed_at = models.DateTimeField(default=timezone.now)

    objects = PrimaryManager()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{Kind(self.kind).label} {self.digest}"


def _keep_trace(instance: Identifier, origin: Any = None, **kwargs: Any) -> None:
    """Keep a trace of an identifier that is deleted, unless its user is deleted with it.

    The browsers of its user are recognised by it no more: whoever gets it next shares no limit with them.
    """
    if not (isinstance(origin, Identifier) or getattr(origin, "model", None) is Identifier):
        return
    _trace(instance).save()
    Flow.objects.forget(instance.user_id, IdentifierValue(Kind(instance.kind), instance.value))


def _trace(identifier: Identifier) -> RemovedIdentifier:
    digest = keys.digest("removed identifier", identifier.kind, identifier.value)
    return RemovedIdentifier(user_id=identifier.user_id, kind=identifier.kind, digest=digest)


post_delete.connect(_keep_trace, sender=Identifier)
