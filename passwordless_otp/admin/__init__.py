"""The admin: one module for each model, `base` for what all lists share, `health` for warnings."""

from passwordless_otp.admin import (
    flows,
    instance_settings,
    messages,
    provider_health,
    restrictions,
    verifications,
)
from passwordless_otp.admin.identifiers import IdentifierAdmin, IdentifierInline, attach

__all__ = [
    "IdentifierAdmin", "IdentifierInline",
    "flows", "instance_settings", "messages", "provider_health", "restrictions", "verifications",
]  # fmt: skip

attach()
