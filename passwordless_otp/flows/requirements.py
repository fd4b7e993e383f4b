"""What a sign-up asks for, and what it still lacks."""

from passwordless_otp.identifiers import Address, Kind
from passwordless_otp.models import Flow, InstanceSettings
from passwordless_otp.models.instance import Presence
from passwordless_otp.models.verifications import VerificationStatus

NAMES = ["first_name", "last_name", "username"]


def required(settings: InstanceSettings) -> list[str]:
    """Return the fields without which nobody signs up."""
    names = [name for name in NAMES if getattr(settings, name) == Presence.REQUIRED]
    return [kind.value for kind in Kind if settings.requires(kind)] + names


def optional(settings: InstanceSettings) -> list[str]:
    """Return the fields that may be left out."""
    kinds = [kind.value for kind in Kind if settings.offers(kind) and not settings.requires(kind)]
    return kinds + [name for name in NAMES if getattr(settings, name) == Presence.OPTIONAL]


def missing(flow: Flow, settings: InstanceSettings) -> list[str]:
    """Return the fields that have yet to be given; one that identifies is always among them."""
    given = {address.kind.value for address in addresses(flow, settings)}
    given |= {name for name in NAMES if flow.details[name]}
    fields = [field for field in required(settings) if field not in given]
    identifying = [kind.value for kind in settings.kinds]
    if not given.intersection(identifying) and not set(fields).intersection(identifying):
        fields = identifying[:1] + fields
    return fields


def addresses(flow: Flow, settings: InstanceSettings) -> list[Address]:
    """Return the identifiers given, less those of a kind that was switched off meanwhile."""
    return [address for address in flow.addresses if settings.offers(address.kind)]


def verified(flow: Flow) -> set[Address]:
    """Return what was proven in this flow, whether or not it still stands in it."""
    return {v.address for v in flow.known_verifications if v.status == VerificationStatus.VERIFIED}


def unverified(flow: Flow, settings: InstanceSettings) -> list[Address]:
    """Return the identifiers given that are not proven yet."""
    return [address for address in addresses(flow, settings) if address not in verified(flow)]
