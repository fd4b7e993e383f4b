"""Instance settings: who may sign up."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import restrictions
from passwordless_otp.models.instance_settings.frozen import Freezable, derived
from passwordless_otp.models.restrictions import Effect, Entries, effect_of


class SignUpMode(models.TextChoices):
    """Who may sign up."""

    OPEN = "open", _("Open: anybody can sign up")
    RESTRICTED = "restricted", _("Restricted: only people whom the restrictions allow can sign up")
    CLOSED = "closed", _("Closed: nobody can sign up")


class RestrictionSettings(Freezable):
    """Sign-up mode and restrictions. Only `InstanceSettings.current()` has the `restrictions` that are saved."""

    sign_up_mode = models.CharField(
        _("sign-up"),
        max_length=16,
        choices=SignUpMode,
        default=SignUpMode.OPEN,
        help_text=_("People with an account can always sign in. Closed: the sign-up page says so."),
    )
    block_subaddresses = models.BooleanField(
        _("refuse addresses with a +tag"),
        default=False,
        help_text=_(
            "Visitors can't sign up as jane+anything@example.com, with which one mailbox can have many accounts."
        ),
    )
    block_disposable = models.BooleanField(
        _("refuse disposable addresses"),
        default=False,
        help_text=_("Visitors can't sign up with the address of a temporary mailbox."),
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
        """Return whether sign-up with this identifier is refused. A restriction that allows it comes first."""
        effect = effect_of(identifier, self.restrictions)
        if effect or identifier.kind == Kind.PHONE_NUMBER:
            return effect in {Effect.BLOCK, Effect.BLOCK_SIGN_IN}
        if self.block_subaddresses and "+" in identifier.value:
            return True
        domain = restrictions.domain_of(identifier.value)
        return self.block_disposable and restrictions.is_disposable(domain, *restrictions.parents(domain))

    def allows(self, identifier: IdentifierValue) -> bool:
        """Return whether a restricted sign-up may go on because of this identifier."""
        is_open = self.sign_up_mode != SignUpMode.RESTRICTED
        return is_open or effect_of(identifier, self.restrictions) == Effect.ALLOW

    def shuts_out(self, identifier: IdentifierValue) -> bool:
        """Return whether sign-in with this identifier is blocked, too."""
        return effect_of(identifier, self.restrictions) == Effect.BLOCK_SIGN_IN


def validate(settings: RestrictionSettings) -> None:
    """Raise `ValidationError` if disposable addresses are to be refused and the list of them is not installed."""
    if settings.block_disposable and not restrictions.disposable_list_installed():
        problem = _("Install passwordless_otp[disposable] first: it has the list of their domains.")
        raise ValidationError({"block_disposable": problem})
