"""What can prove who somebody is, within a sign-in."""

from typing import NamedTuple

from passwordless_otp import keys
from passwordless_otp.errors import ParamMissing, StrategyInvalid, ValueInvalid
from passwordless_otp.identifiers import IdentifierValue, Strategy
from passwordless_otp.models import Flow, Identifier, InstanceSettings


class Factor(NamedTuple):
    """An identifier together with the strategy that can prove it."""

    identifier: IdentifierValue
    primary: bool

    @property
    def strategy(self) -> Strategy:
        """The strategy."""
        return self.identifier.kind.strategy

    def id(self, flow: Flow) -> str:
        """Return its name within this flow, which tells nothing of the identifier."""
        return "idn_" + keys.digest("factor", flow.pk.hex, *self.identifier)


def offered(flow: Flow, settings: InstanceSettings) -> list[Factor]:
    """Return what can prove who it is: with enumeration protection the identifier typed, and no other."""
    if settings.enumeration_protection:
        return [
            Factor(identifier, True) for identifier in flow.identifiers if settings.identifies(identifier.kind)
        ]
    typed = flow.identifiers[:1]
    if not typed:
        return []
    own = Identifier.objects.filter(
        user__otp_identifiers__kind=typed[0].kind, user__otp_identifiers__value=typed[0].value
    )
    found = [
        Factor(identifier.identifier, identifier.primary) for identifier in own.order_by("kind", "-primary", "pk")
    ]
    return [f for f in found or [Factor(typed[0], True)] if settings.offers(f.identifier.kind)]


def choose(flow: Flow, strategy: Strategy, factor_id: str, settings: InstanceSettings) -> IdentifierValue:
    """Return the identifier to prove. Raises `StrategyInvalid`, `ValueInvalid` or `ParamMissing`."""
    fitting = [factor for factor in offered(flow, settings) if factor.strategy == strategy]
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
