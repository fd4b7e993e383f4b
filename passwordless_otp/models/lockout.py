"""Instance settings that would lock everybody out, and why."""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf
from passwordless_otp.identifiers import Kind


def refuse(settings: Any) -> None:
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
