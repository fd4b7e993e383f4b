"""System checks: what is wrong with the site's settings, before a visitor notices."""

from passwordless_otp.checks.database import check_database
from passwordless_otp.checks.deployment import check_deployment
from passwordless_otp.checks.settings import check_settings
from passwordless_otp.checks.site import check_apps, check_middleware, check_threads
from passwordless_otp.checks.transport import check_transport
from passwordless_otp.checks.users import check_users
from passwordless_otp.checks.webhooks import check_webhooks

__all__ = [
    "check_apps",
    "check_database",
    "check_deployment",
    "check_middleware",
    "check_settings",
    "check_threads",
    "check_transport",
    "check_users",
    "check_webhooks",
]
