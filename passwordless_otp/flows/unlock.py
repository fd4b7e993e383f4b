"""Stand-in."""

from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import InstanceSettings
from passwordless_otp.visitor import Visitor


def offer(settings: InstanceSettings, visitor: Visitor, identifier: IdentifierValue) -> None:
    """Stand in."""
