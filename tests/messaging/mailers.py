"""A site's mail settings, as this Django wants them, and one mail to send by them."""

import traceback

import django
import pytest

from passwordless_otp.messaging.backends.base import DeliveryError, Outgoing
from passwordless_otp.messaging.backends.email import EmailBackend

CODE = "123456"
MESSAGE = Outgoing(
    "0123456789abcdef0123456789abcdef",
    "email",
    "jane@example.com",
    f"{CODE} is your code",
    f"{CODE} is your code.\n",
    CODE,
    600,
    f"<p>{CODE}</p>",
)
IN_MEMORY = {"email": [{"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}]}
BEFORE_MAILERS = {"username": "HOST_USER", "password": "HOST_PASSWORD"}


def name(settings, backend, alias="otp", **options):
    """Let the mail settings name this backend, too, and return what is to be written for `using`."""
    if django.VERSION >= (6, 1):
        default = {"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}
        settings.MAILERS = {**settings.MAILERS, **default, alias: {"BACKEND": backend, "OPTIONS": options}}
        return alias
    settings.EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
    provider = backend.split(".")[2].upper()
    ours = {f"{provider}_{option.upper()}": value for option, value in options.items()}
    settings.ANYMAIL = {**getattr(settings, "ANYMAIL", {}), **ours}
    for option, value in options.items():
        setattr(settings, f"EMAIL_{BEFORE_MAILERS.get(option, option.upper())}", value)
    return backend


def failure(using, timeout=10):
    """Send the mail, and return why it failed: an error from which nobody learns the code."""
    with pytest.raises(DeliveryError) as raised:
        EmailBackend(using=using, timeout=timeout).send(MESSAGE)
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    assert CODE not in "".join(traceback.format_exception(raised.value))
    return raised.value


def outcome(error):
    """Return the class, the code, and whether another provider may be tried."""
    return type(error).__name__, error.code, getattr(error, "elsewhere", False)
