"""Django's entry."""

from django.apps import AppConfig, apps
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _


class PasswordlessOTPConfig(AppConfig):
    """The app `passwordless_otp`."""

    name = "passwordless_otp"
    verbose_name = _("Passwordless sign-in")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and listen to Anymail where the site uses it."""
        from passwordless_otp import checks

        register(checks.check_settings)
        register(checks.check_database, Tags.models)
        register(checks.check_apps)
        register(checks.check_middleware)
        register(checks.check_threads)
        register(checks.check_users, Tags.models)
        register(checks.check_webhooks)
        register(checks.check_deployment, Tags.security, deploy=True)
        register(checks.check_transport, Tags.security, deploy=True)
        if apps.is_installed("anymail"):
            from passwordless_otp.webhooks import anymail

            anymail.connect()
