"""Identifier: an email address or phone number that a user has verified."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models.base import PrimaryManager


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

    objects = PrimaryManager()

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
            identifier = identifiers.parse(self.value, conf.default_region(), "value")
            if identifier.kind == Kind.PHONE_NUMBER:
                identifiers.require_mobile(identifier.value, "value")
        except FormatInvalid as error:
            raise ValidationError({"value": error.long_message}) from error
        self.kind, self.value = identifier

    @property
    def identifier(self) -> IdentifierValue:
        """Kind and value."""
        return IdentifierValue(Kind(self.kind), self.value)
