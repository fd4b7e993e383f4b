"""Django's entry."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PasswordlessOTPConfig(AppConfig):
    """The app `passwordless_otp`."""

    name = "passwordless_otp"
    verbose_name = _("Passwordless sign-in")
    default_auto_field = "django.db.models.BigAutoField"
