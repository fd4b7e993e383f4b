"""What visitors get now, in sentences. Pure."""

from collections.abc import Collection

from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from passwordless_otp.identifiers import Kind
from passwordless_otp.models import InstanceSettings


def describe(settings: InstanceSettings, printing: Collection[str]) -> list[str]:
    """Return what these settings come to. `printing` has the channels whose messages reach nobody."""
    codes = {Kind.EMAIL_ADDRESS: _("an email code"), Kind.PHONE_NUMBER: _("an SMS code")}
    offered = [codes[kind] for kind in settings.kinds]
    if not offered:
        return [_("Nobody can sign in or sign up by code.")]
    sentences = [_("People sign in with %(codes)s.") % {"codes": get_text_list(offered, _("or"))}]
    sentences += [_sign_up(settings)]
    sentences += [_undelivered(kind) for kind in Kind if settings.offers(kind) and kind.channel in printing]
    if settings.staff_sign_in:
        sentences += [_("Staff and superusers may sign in by code, too.")]
    if settings.test_mode:
        sentences += [_("Test mode is on: whoever knows a test identifier and its code can sign in with it.")]
    return sentences


def _sign_up(settings: InstanceSettings) -> str:
    if not settings.sign_up_open:
        return _("Sign-up is closed.")
    proven = {
        Kind.EMAIL_ADDRESS: _("their email address"),
        Kind.PHONE_NUMBER: _("their phone number"),
    }
    required = [proven[kind] for kind in Kind if settings.requires(kind)]
    if not required:
        return _("Sign-up is open.")
    return _("Sign-up is open to people who prove %(what)s.") % {"what": get_text_list(required, _("and"))}


def _undelivered(kind: Kind) -> str:
    if kind == Kind.EMAIL_ADDRESS:
        return _("Email codes are on, but email goes to the console: no provider is configured.")
    return _("SMS codes are on, but SMS goes to the console: no provider is configured.")
