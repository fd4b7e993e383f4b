"""The admin: one module for each model, `base` for what all lists share, `health` for warnings."""

from passwordless_otp.admin import flows, instance_settings, provider_health, refusals, restrictions
from passwordless_otp.admin.identifiers import IdentifierAdmin, IdentifierInline, IdentifiersMixin, attach

# `flows` brings the pages of verifications and of messages.
__all__ = [
    "IdentifierAdmin",
    "IdentifierInline",
    "IdentifiersMixin",
    "flows",
    "instance_settings",
    "provider_health",
    "refusals",
    "restrictions",
]

attach()
