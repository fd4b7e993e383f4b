"""Who may go on with a sign-up, by what was typed: for taken and free identifiers alike."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from passwordless_otp.browsers import Browser
from passwordless_otp.errors import EmailAddressBlocked, NotAllowedAccess
from passwordless_otp.flows import costs, protection
from passwordless_otp.identifiers import Address, Kind
from passwordless_otp.models import InstanceSettings


def refuse(addresses: Sequence[Address], settings: InstanceSettings) -> None:
    """Raise `EmailAddressBlocked` or `NotAllowedAccess` unless these may sign up. Asks the database nothing.

    None of them may be blocked; where sign-up is restricted, one of them has to be allowed.
    """
    for address in addresses:
        if settings.blocks(address):
            blocked = EmailAddressBlocked if address.kind == Kind.EMAIL_ADDRESS else NotAllowedAccess
            raise blocked(address.kind.value)
    if addresses and not any(settings.allows(address) for address in addresses):
        raise NotAllowedAccess(addresses[0].kind.value)


@contextmanager
def answering(browser: Browser, settings: InstanceSettings) -> Iterator[None]:
    """Pay for a refusal by `refuse`: who is on the list could be asked for in bulk. Outside of a transaction."""
    try:
        yield
    except (EmailAddressBlocked, NotAllowedAccess):
        protection.pay(costs.of_flow(browser, settings))
        raise


def may_sign_up(address: Address, settings: InstanceSettings) -> bool:
    """Tell whether a sign-up with this identifier would not be refused."""
    return settings.allows(address) and not settings.blocks(address)
