"""Whom a sign-up refuses by what the address looks like: the operator's choice."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import restrictions
from passwordless_otp.models.instance_settings.frozen import Freezable, derived
from passwordless_otp.models.restrictions import Effect, Entries, effect_of


class SignUpMode(models.TextChoices):
    """Who may sign up."""

    OPEN = "open", _("Open: anybody may sign up")
    RESTRICTED = "restricted", _("Restricted: only who is on the list of restrictions as “may sign up”")
    CLOSED = "closed", _("Closed: only people with an account get in")


class RestrictionSettings(Freezable):
    """The restrictions. Their entries are known to settings that `current` has read."""

    sign_up_mode = models.CharField(
        _("sign-up"),
        max_length=16,
        choices=SignUpMode,
        default=SignUpMode.OPEN,
        help_text=_("Closed: the sign-up page says so, and no new account is made."),
    )
    block_subaddresses = models.BooleanField(
        _("refuse addresses with a +tag"),
        default=False,
        help_text=_("Nobody signs up as jane+anything@example.com: most mailboxes have any number of these."),
    )
    block_disposable = models.BooleanField(
        _("refuse disposable addresses"),
        default=False,
        help_text=_("Nobody signs up with a mailbox of a service that gives one to anybody for minutes."),
    )

    restrictions: Entries = {}

    class Meta:
        abstract = True

    @derived
    def has_restrictions(self) -> bool:
        """Whether anybody is refused for what they typed."""
        switches = self.block_subaddresses or self.block_disposable
        return bool(self.restrictions) or switches or self.sign_up_mode == SignUpMode.RESTRICTED

    def blocks(self, identifier: IdentifierValue) -> bool:
        """Tell whether nobody signs up with this identifier. An entry that allows it beats the two switches."""
        effect = effect_of(identifier, self.restrictions)
        if effect or identifier.kind == Kind.PHONE_NUMBER:
            return effect in {Effect.BLOCK, Effect.BLOCK_SIGN_IN}
        domain = restrictions.domain_of(identifier.value)
        tagged = self.block_subaddresses and "+" in identifier.value
        return tagged or (
            self.block_disposable and restrictions.is_disposable(domain, *restrictions.parents(domain))
        )

    def allows(self, identifier: IdentifierValue) -> bool:
        """Tell whether this identifier, of all that a sign-up gives, makes it one that may go on."""
        return (
            self.sign_up_mode != SignUpMode.RESTRICTED or effect_of(identifier, self.restrictions) == Effect.ALLOW
        )

    def shuts_out(self, identifier: IdentifierValue) -> bool:
        """Tell whether nobody signs in with this identifier either."""
        return effect_of(identifier, self.restrictions) == Effect.BLOCK_SIGN_IN


def validate(settings: Any) -> None:
    """Refuse a switch that would do nothing. Raises `ValidationError`."""
    if settings.block_disposable and not restrictions.disposable_list_installed():
        raise ValidationError({"block_disposable": _("Install passwordless_otp[disposable] first.")})
