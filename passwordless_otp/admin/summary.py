"""What visitors get now, in sentences. Pure."""

from collections.abc import Collection

from django.utils.translation import gettext as _

from passwordless_otp.identifiers import Kind
from passwordless_otp.models import InstanceSettings
from passwordless_otp.models.restriction_settings import SignUpMode


def describe(settings: InstanceSettings, printing: Collection[str]) -> list[str]:
    """Return what these settings come to. `printing` has the channels whose messages reach nobody."""
    if not settings.kinds:
        return [_("Nobody can sign in or sign up by code.")]
    sentences = [_sign_in(settings), _sign_up(settings)]
    sentences += [_undelivered(kind) for kind in Kind if settings.offers(kind) and kind.channel in printing]
    if settings.staff_sign_in:
        sentences += [_("Staff and superusers may sign in by code, too.")]
    if settings.test_mode:
        sentences += [_("Test mode is on: whoever knows a test identifier and its code can sign in with it.")]
    return sentences


def _sign_in(settings: InstanceSettings) -> str:
    if settings.kinds == [Kind.EMAIL_ADDRESS]:
        return _("People sign in with an email code.")
    if settings.kinds == [Kind.PHONE_NUMBER]:
        return _("People sign in with an SMS code.")
    return _("People sign in with an email code or an SMS code.")


def _sign_up(settings: InstanceSettings) -> str:
    if not settings.sign_up_open:
        return _("Sign-up is closed.")
    if settings.sign_up_mode == SignUpMode.RESTRICTED:
        return _("Sign-up is open only to those whom the list of restrictions allows.")
    required = [kind for kind in Kind if settings.requires(kind)]
    if not required:
        return _("Sign-up is open.")
    if required == [Kind.EMAIL_ADDRESS]:
        return _("Sign-up is open to people who verify their email address.")
    if required == [Kind.PHONE_NUMBER]:
        return _("Sign-up is open to people who verify their phone number.")
    return _("Sign-up is open to people who verify their email address and their phone number.")


def _undelivered(kind: Kind) -> str:
    if kind == Kind.EMAIL_ADDRESS:
        return _("Email codes are on, but email goes to the console: no provider is configured.")
    return _("SMS codes are on, but SMS goes to the console: no provider is configured.")
