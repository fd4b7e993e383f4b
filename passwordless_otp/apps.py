"""The app configuration that Django loads: system checks, and receivers of other apps' signals."""

from django.apps import AppConfig, apps
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _


class PasswordlessOTPConfig(AppConfig):
    """Found by Django, since it is the only configuration in this module."""

    name = "passwordless_otp"
    verbose_name = _("Passwordless sign-in")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks, and connect to signals, also to Anymail's if it is installed."""
        from django.contrib.auth.signals import user_logged_in, user_logged_out

        from passwordless_otp import checks, clients, signals
        from passwordless_otp.messaging import dispatch

        for signal in [user_logged_in, user_logged_out]:
            signal.connect(clients.drop_proof, dispatch_uid="passwordless_otp.drop_proof")
        signals.budget_reached.connect(dispatch.announce_budget)
        signals.country_paused.connect(dispatch.announce_pause)
        signals.code_format_escalated.connect(dispatch.announce_escalation)

        register(checks.check_settings)
        register(checks.check_database, Tags.models)
        register(checks.check_apps)
        register(checks.check_tenants, Tags.models)
        register(checks.check_templates, Tags.templates)
        register(checks.check_sender)
        register(checks.check_middleware)
        register(checks.check_threads)
        register(checks.check_users, Tags.models)
        register(checks.check_email_addresses, Tags.models, deploy=True)
        register(checks.check_second_factor)
        register(checks.check_webhooks)
        register(checks.check_urls, Tags.urls)
        register(checks.check_deployment, Tags.security, deploy=True)
        register(checks.check_transport, Tags.security, deploy=True)
        if apps.is_installed("anymail"):
            from passwordless_otp.webhooks import anymail

            anymail.connect()
