"""Who may go on with a sign-up, by what was typed: for taken and free identifiers alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from passwordless_otp.errors import EmailAddressBlocked, NotAllowedAccess
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import InstanceSettings
from passwordless_otp.rate_limits import rules, throttle
from passwordless_otp.visitor import Visitor


def require_allowed(addresses: Sequence[IdentifierValue], settings: InstanceSettings) -> None:
    """Raise `EmailAddressBlocked` or `NotAllowedAccess` unless these may sign up. Asks the database nothing.

    None of them may be blocked; where sign-up is restricted, one of them has to be allowed.
    """
    for identifier in addresses:
        if settings.blocks(identifier):
            blocked = EmailAddressBlocked if identifier.kind == Kind.EMAIL_ADDRESS else NotAllowedAccess
            raise blocked(identifier.kind.value)
    if addresses and not any(settings.allows(identifier) for identifier in addresses):
        raise NotAllowedAccess(addresses[0].kind.value)


@contextmanager
def counting_refusals(visitor: Visitor, settings: InstanceSettings) -> Iterator[None]:
    """Pay for a refusal by `refuse`: who is on the list could be asked for in bulk. Outside of a transaction."""
    try:
        yield
    except (EmailAddressBlocked, NotAllowedAccess):
        throttle.consume(rules.for_flow(visitor, settings))
        raise


def may_sign_up(identifier: IdentifierValue, settings: InstanceSettings) -> bool:
    """Tell whether a sign-up with this identifier would not be refused."""
    return settings.allows(identifier) and not settings.blocks(identifier)
