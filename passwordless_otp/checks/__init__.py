"""System checks. Each finding names a setting, says what happens because of it, and what to do."""

from passwordless_otp.checks.deployment import check_deployment, check_transport
from passwordless_otp.checks.settings import check_settings, check_urls, check_webhooks
from passwordless_otp.checks.site import (
    check_apps,
    check_database,
    check_middleware,
    check_sender,
    check_templates,
    check_tenants,
    check_threads,
)
from passwordless_otp.checks.users import (
    check_email_addresses,
    check_second_factor,
    check_users,
)

__all__ = [
    "check_apps", "check_database", "check_deployment", "check_email_addresses",
    "check_middleware", "check_second_factor", "check_sender",
    "check_settings", "check_templates", "check_tenants", "check_threads", "check_transport", "check_urls",
    "check_users", "check_webhooks",
]  # fmt: skip
