"""Instance settings: which contact information visitors give, and how they verify it."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf
from passwordless_otp.identifiers import Kind
from passwordless_otp.models.instance_settings.frozen import Freezable, derived

USED = _("used for identification")


def _switch(label: Any, default: bool, help_text: Any) -> "models.BooleanField[bool, bool]":
    return models.BooleanField(label, default=default, help_text=help_text)


class ContactSettings(Freezable):
    """Email address, phone number and their codes."""

    email_address_enabled = _switch(_("Email address"), True, _("Visitors can enter it at sign-up."))
    email_address_required = _switch(_("required"), False, _("Visitors can't sign up without verifying one."))
    email_address_used_for_identification = _switch(USED, True, _("Visitors can enter it to sign in."))
    phone_number_enabled = _switch(_("Phone number"), False, _("Visitors can enter it at sign-up."))
    phone_number_required = _switch(_("required"), False, _("Visitors can't sign up without verifying one."))
    phone_number_used_for_identification = _switch(USED, False, _("Visitors can enter it to sign in."))
    email_code = _switch(_("Email verification code"), True, _("Visitors get a code by email and enter it."))
    phone_code = _switch(_("SMS verification code"), False, _("Visitors get a code by SMS and enter it."))

    class Meta:
        abstract = True

    def offers(self, kind: Kind) -> bool:
        """Return whether an identifier of this kind can be given and verified."""
        return bool(getattr(self, f"{kind}_enabled") and getattr(self, kind.strategy))

    def requires(self, kind: Kind) -> bool:
        """Return whether every sign-up has to verify an identifier of this kind."""
        required: bool = getattr(self, f"{kind}_required")
        return required and self.offers(kind)

    def identifies(self, kind: Kind) -> bool:
        """Return whether visitors can sign in with an identifier of this kind."""
        used: bool = getattr(self, f"{kind}_used_for_identification")
        return used and self.offers(kind)

    @derived
    def offered_kinds(self) -> tuple[Kind, ...]:
        """The kinds that may be given and proven."""
        return tuple(kind for kind in Kind if self.offers(kind))

    @derived
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of identifier that visitors can sign in with."""
        return tuple(kind for kind in Kind if self.identifies(kind))


# What is on while the kind of contact information or its code is off → what to do about it.
UNUSABLE = {
    "email_address_required": _(
        "Email can't be required while it is off. Untick “Required”, or turn email and its code on."
    ),
    "email_address_used_for_identification": _(
        "Email can't be used to sign in while it is off. "
        "Untick “Used for identification”, or turn email and its code on."
    ),
    "phone_number_required": _(
        "A phone number can't be required while it is off. "
        "Untick “Required”, or turn phone numbers and the SMS code on."
    ),
    "phone_number_used_for_identification": _(
        "A phone number can't be used to sign in while it is off. "
        "Untick “Used for identification”, or turn phone numbers and the SMS code on."
    ),
}


def validate(settings: ContactSettings) -> None:
    """Raise `ValidationError` for settings that contradict each other or would lock everybody out."""
    problems: dict[str, Any] = {
        f"{kind}_{use}": UNUSABLE[f"{kind}_{use}"]
        for kind in Kind
        for use in ["required", "used_for_identification"]
        if getattr(settings, f"{kind}_{use}") and not settings.offers(kind)
    }
    if not problems and not settings.kinds:
        problems["email_address_used_for_identification"] = _(
            "Nobody could sign in any more. Tick “Used for identification” for email addresses or phone "
            "numbers, and turn their code on."
        )
    if not problems and _lacks_email_for_new_users(settings):
        problems["email_address_required"] = _(
            "Every user of this site needs an email address. Tick “Required” for email addresses, "
            "or untick “Used for identification” for phone numbers."
        )
    if problems:
        raise ValidationError(problems)


def _lacks_email_for_new_users(settings: Any) -> bool:
    """Return whether a sign-up by phone could create a user without the email that the user model requires."""
    model = get_user_model()
    try:
        email: Any = model._meta.get_field(model.get_email_field_name())
    except FieldDoesNotExist:
        return False
    needed = email.unique and not email.null and conf.get("CREATE_USER") == conf.DEFAULTS["CREATE_USER"]
    by_phone_alone = settings.identifies(Kind.PHONE_NUMBER) and not settings.requires(Kind.EMAIL_ADDRESS)
    return bool(needed and by_phone_alone and settings.sign_up_open)
