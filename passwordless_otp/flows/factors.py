"""Factors: what can prove who somebody is, and the identifiers that visitors type for it."""

from typing import NamedTuple

from passwordless_otp import conf, identifiers, keys
from passwordless_otp.errors import CountryUnsupported, ParamMissing, StrategyInvalid, ValueDisabled, ValueInvalid
from passwordless_otp.identifiers import IdentifierValue, Kind, Strategy
from passwordless_otp.models import Flow, Identifier, InstanceSettings, TestAddress


class Factor(NamedTuple):
    """An identifier together with the strategy that can prove it."""

    identifier: IdentifierValue
    primary: bool

    def id(self, flow: Flow) -> str:
        """Return its id within this flow, which reveals nothing of the identifier."""
        return "idn_" + keys.digest("factor", flow.pk.hex, *self.identifier)


def read_identifier(
    settings: InstanceSettings, text: str, param: str, kind: Kind | None = None
) -> IdentifierValue:
    """Return the identifier that was typed, of this kind if one is given.

    Whether messages can go there is not asked: somebody may have proven it before the rules have changed. Raises
    `FormatInvalid`, and `ValueDisabled` if the site does not use its kind.
    """
    if kind is Kind.EMAIL_ADDRESS:
        identifier = IdentifierValue(kind, identifiers.parse_email(text, param))
    elif kind is Kind.PHONE_NUMBER:
        identifier = IdentifierValue(kind, identifiers.parse_phone(text, conf.default_region(), param))
    else:
        identifier = identifiers.parse(text, conf.default_region(), param, settings.kinds or tuple(Kind))
    if not settings.offers(identifier.kind):
        raise ValueDisabled(param)
    return identifier


def require_served(settings: InstanceSettings, number: str) -> None:
    """Raise `FormatInvalid` or `CountryUnsupported` for a new number that can get no SMS; not for a test address.

    The answer is the same whoever has the number.
    """
    identifier = IdentifierValue(Kind.PHONE_NUMBER, number)
    if settings.serves(number) or TestAddress.code_for(identifier, settings):
        return
    identifiers.require_mobile(number, identifier.kind.value, settings.allowed_prefixes)
    raise CountryUnsupported(identifier.kind.value)


def typed(flow: Flow) -> Factor:
    """Return the factor of the identifier that was typed."""
    return Factor(flow.identifiers[0], True)


def offered(settings: InstanceSettings, flow: Flow) -> list[Factor]:
    """Return what can prove who it is: with enumeration protection the identifier typed, and no other."""
    if settings.enumeration_protection:
        return [Factor(identifier, True) for identifier in flow.identifiers if identifier.kind in settings.kinds]
    if not flow.identifiers:
        return []
    own = Identifier.objects.filter(user__in=Identifier.objects.matching(flow.identifiers[0]).values("user"))
    found = [
        Factor(identifier.identifier, identifier.primary) for identifier in own.order_by("kind", "-primary", "pk")
    ]
    return [factor for factor in found or [typed(flow)] if factor.identifier.kind in settings.offered_kinds]


def choose(settings: InstanceSettings, flow: Flow, strategy: Strategy, factor_id: str) -> IdentifierValue:
    """Return the identifier to prove. Raises `StrategyInvalid`, `ValueInvalid` or `ParamMissing`."""
    fitting = [factor for factor in offered(settings, flow) if factor.identifier.kind == strategy.kind]
    if not fitting:
        raise StrategyInvalid
    param = f"{strategy.kind}_id"
    if factor_id:
        fitting = [factor for factor in fitting if factor.id(flow) == factor_id]
        if not fitting:
            raise ValueInvalid(param)
    if len(fitting) > 1:
        raise ParamMissing(param)
    return fitting[0].identifier
