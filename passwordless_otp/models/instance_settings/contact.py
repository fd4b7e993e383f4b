"""What visitors may give, and how they prove it: the first part of the instance settings."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf
from passwordless_otp.identifiers import Kind
from passwordless_otp.models.instance_settings.frozen import Freezable, derived


class ContactSettings(Freezable):
    """Email address and phone number, and their codes."""

    email_address_enabled = models.BooleanField(
        _("Email address"), default=True, help_text=_("Visitors may give it when they sign up.")
    )
    email_address_required = models.BooleanField(
        _("required"), default=False, help_text=_("Nobody signs up without proving one.")
    )
    email_address_used_for_identification = models.BooleanField(
        _("used for identification"), default=True, help_text=_("Visitors may type it to sign in.")
    )
    phone_number_enabled = models.BooleanField(
        _("Phone number"), default=False, help_text=_("Visitors may give it when they sign up.")
    )
    phone_number_required = models.BooleanField(
        _("required"), default=False, help_text=_("Nobody signs up without proving one.")
    )
    phone_number_used_for_identification = models.BooleanField(
        _("used for identification"), default=False, help_text=_("Visitors may type it to sign in.")
    )
    email_code = models.BooleanField(
        _("Email verification code"), default=True, help_text=_("Visitors get a code by email and type it.")
    )
    phone_code = models.BooleanField(
        _("SMS verification code"), default=False, help_text=_("Visitors get a code by SMS and type it.")
    )

    class Meta:
        abstract = True

    def offers(self, kind: Kind) -> bool:
        """Tell whether an identifier of this kind may be given and proven."""
        return bool(getattr(self, f"{kind}_enabled") and getattr(self, kind.strategy))

    def requires(self, kind: Kind) -> bool:
        """Tell whether every sign-up has to prove an identifier of this kind."""
        required: bool = getattr(self, f"{kind}_required")
        return required and self.offers(kind)

    def identifies(self, kind: Kind) -> bool:
        """Tell whether an identifier of this kind may be typed at sign-in."""
        used: bool = getattr(self, f"{kind}_used_for_identification")
        return used and self.offers(kind)

    @derived
    def offered_kinds(self) -> tuple[Kind, ...]:
        """The kinds that may be given and proven."""
        return tuple(kind for kind in Kind if self.offers(kind))

    @derived
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that may be typed at sign-in."""
        return tuple(kind for kind in Kind if self.identifies(kind))


def validate(settings: Any) -> None:
    """Raise `ValidationError` with a sentence for each setting that can't stay as it is."""
    problems: dict[str, Any] = {}
    for kind in Kind:
        if settings.offers(kind):
            continue
        for use in ["required", "used_for_identification"]:
            if getattr(settings, f"{kind}_{use}"):
                problems[f"{kind}_{use}"] = _(
                    "Visitors could not do this: switch on the contact information and its code as well."
                )
    if not problems and not settings.kinds:
        problems["email_address_used_for_identification"] = _(
            "Nobody could sign in any more: let at least one kind of contact information be used for "
            "identification, with its code switched on."
        )
    if not problems and _has_no_login_name(settings):
        problems["email_address_required"] = _(
            "This site's users sign in with an email address: require it, so that people "
            "who sign up by phone can be made users."
        )
    if problems:
        raise ValidationError(problems)


def _has_no_login_name(settings: Any) -> bool:
    """Tell whether a sign-up by phone alone would make a user without the email that the model wants."""
    model = get_user_model()
    try:
        email: Any = model._meta.get_field(model.get_email_field_name())
    except FieldDoesNotExist:
        return False
    wanted = email.unique and not email.null and conf.get("CREATE_USER") == conf.DEFAULTS["CREATE_USER"]
    by_phone_alone = settings.identifies(Kind.PHONE_NUMBER) and not settings.requires(Kind.EMAIL_ADDRESS)
    return bool(wanted and by_phone_alone and settings.sign_up_open)
