"""The operator's face: one module a model."""

from passwordless_otp.admin import circuits, flows, instance_settings, messages, restrictions, verifications
from passwordless_otp.admin.identifiers import IdentifierAdmin, IdentifierInline, attach

__all__ = [
    "IdentifierAdmin",
    "IdentifierInline",
    "circuits",
    "flows",
    "instance_settings",
    "messages",
    "restrictions",
    "verifications",
]

attach()
