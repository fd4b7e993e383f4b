"""What is typed into a sign-up."""

from collections.abc import Mapping

from passwordless_otp import users
from passwordless_otp.browsers import Browser
from passwordless_otp.errors import IdentifierExists, ParamMissing, ValueDisabled
from passwordless_otp.flows import costs, opening, protection, requirements
from passwordless_otp.identifiers import Address, Kind, Strategy
from passwordless_otp.models import Flow, InstanceSettings
from passwordless_otp.models.instance import Presence

DETAILS = [*requirements.NAMES, "unsafe_metadata"]


def read(given: Mapping[str, str], browser: Browser, settings: InstanceSettings) -> dict[str, str]:
    """Return the fields that this site asks for, in canonical form. Raises what is wrong with one.

    That something is taken is an answer to pay for: it could be asked for in bulk.
    """
    try:
        return _read(given, settings)
    except IdentifierExists:
        protection.pay(costs.of_flow(browser, settings))
        raise


def _read(given: Mapping[str, str], settings: InstanceSettings) -> dict[str, str]:
    values = _identifiers(given, settings)
    if not settings.enumeration_protection:
        typed = [Address(kind, values[kind]) for kind in Kind if values.get(kind)]
        for taken in users.holders_of(typed) if typed else []:
            raise IdentifierExists(taken.kind.value)
    for name in DETAILS:
        if name in given and getattr(settings, name, None) != Presence.OFF:
            values[name] = users.clean(name, given[name]) if given[name] else ""
    return values


def typed(flow: Flow, strategy: Strategy, settings: InstanceSettings) -> Address:
    """Return the identifier of this strategy. Raises `ValueDisabled` or `ParamMissing`."""
    if not settings.offers(strategy.kind):
        raise ValueDisabled("strategy")
    for address in flow.addresses:
        if address.kind == strategy.kind:
            return address
    raise ParamMissing(strategy.kind.value)


def _identifiers(given: Mapping[str, str], settings: InstanceSettings) -> dict[str, str]:
    values: dict[str, str] = {}
    for kind in Kind:
        if given.get(kind):
            values[kind.value] = opening.read(given[kind], settings, kind.value, kind).value
        elif kind in given:
            values[kind.value] = ""
    if values.get(Kind.PHONE_NUMBER):
        opening.refuse_country(values[Kind.PHONE_NUMBER], settings)
    return values
