"""Refusal: somebody has proven an identifier and was refused, because it stands in a user's email field."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import identifiers
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models.base import PrimaryManager, uuid7


class Reason(models.TextChoices):
    """Why the user was not linked."""

    SEVERAL_USERS = "several_users", _("several active users have this email address")
    INACTIVE = "inactive", _("the user is not active")
    STAFF = "staff", _("the user is staff or a superuser")
    NOT_ALLOWED = "not_allowed", _("the user may not sign in by code")
    OTHER_IDENTIFIER = "other_identifier", _("the user has, or had, another identifier")
    OTHER_OWNER = "other_owner", _("another user has proven the address to django-allauth")
    SETTING = "setting", _("EXISTING_USERS is “refuse”")
    NO_PASSWORD = "no_password", _("the user has no usable password")
    PROVEN_PHONE = "proven_phone", _("the user has a phone number that was proven")
    OTHER_EMAIL = "other_email", _("the user has proven another email address to django-allauth")
    SOCIAL_ACCOUNT = "social_account", _("the user has a social account")
    SECOND_FACTOR = "second_factor", _("the user has a second factor")


class RefusalManager(PrimaryManager):
    """Writes a refusal."""

    def record(self, identifier: IdentifierValue, user: Any, reason: Reason) -> None:
        """Save the refusal, or count it if the same was refused before."""
        what = {"kind": identifier.kind, "value": identifier.value, "user": user, "reason": reason}
        counted = self.filter(**what).update(count=models.F("count") + 1, last_at=timezone.now())
        if not counted:
            self.bulk_create([self.model(**what)], ignore_conflicts=True)  # a parallel request may be faster


class Refusal(models.Model):
    """One row for an identifier, user and reason. Written only once the identifier was proven."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    value = models.CharField(_("identifier"), max_length=identifiers.MAX_LENGTH)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user"))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    count = models.PositiveIntegerField(_("times"), default=1)
    created_at = models.DateTimeField(_("first at"), default=timezone.now)
    last_at = models.DateTimeField(_("last at"), default=timezone.now)

    objects = RefusalManager()

    class Meta:
        base_manager_name = "objects"
        verbose_name = _("refusal")
        verbose_name_plural = _("refusals")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "value", "user", "reason"], name="passwordless_otp_refusal_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.masked}: {Reason(self.reason).label}"

    @property
    def masked(self) -> str:
        """The identifier as a list may show it."""
        return identifiers.mask(IdentifierValue(Kind(self.kind), self.value))
