"""From one step to the next: of two flows, one way."""

from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import clients
from passwordless_otp.attempts import attempting
from passwordless_otp.clients import Client
from passwordless_otp.errors import TransferRequired, ValueInvalid
from passwordless_otp.flows import factors, requirements, sign_in, sign_up
from passwordless_otp.flows.factors import Factor
from passwordless_otp.identifiers import Strategy
from passwordless_otp.models import Flow, InstanceSettings
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import destinations
from passwordless_otp.pages.destinations import SeeOther


def typed(flow: Flow) -> tuple[Strategy, str]:
    """Return the strategy and the id of the factor that was typed: of several it is the one meant."""
    factor = Factor(flow.addresses[0], True)
    return factor.strategy, factor.id(flow)


def chosen(flow: Flow, name: str) -> tuple[Strategy, str]:
    """Return the strategy and the id of the factor of this name. Raises `ValueInvalid`."""
    for factor in factors.offered(flow, InstanceSettings.current()):
        if factor.id(flow) == name:
            return factor.strategy, name
    raise ValueInvalid("send")


@sensitive_variables("code")
def attempt_sign_in(request: HttpRequest, flow: Flow, strategy: Strategy, code: str) -> Flow:
    """Hand in the code. Where nobody has the identifier, a sign-up goes on from it at once.

    Raises what `sign_in.attempt` and `sign_up.create` do.
    """
    client = clients.current(request)
    try:
        with attempting(request, flow):
            return sign_in.attempt(flow, client.browser, strategy, code)
    except TransferRequired:
        current = client.flows.get(Purpose.SIGN_UP)
        return sign_up.create(client.browser, current, {}, transfer=True)


def save_sign_up(client: Client, given: dict[str, str], afresh: bool) -> Flow:
    """Go on with the sign-up in which something is proven, unless `afresh`; else open one."""
    current = client.flows.get(Purpose.SIGN_UP)
    if current and proven(current) and not afresh:
        return sign_up.update(current, client.browser, given)
    return sign_up.create(client.browser, current, given)


def go_on(request: HttpRequest, flow: Flow) -> SeeOther:
    """Log in if the flow is complete; else ask for what the sign-up lacks, or send its next code."""
    client = clients.current(request)
    client.keep(flow)
    if flow.user is not None:
        clients.log_in(request, flow)
        return SeeOther(destinations.after(request))
    settings = InstanceSettings.current()
    pending = requirements.unverified(flow, settings)
    if requirements.missing(flow, settings) or not pending:
        return SeeOther(destinations.page(request, "sign_up"))
    sign_up.prepare(flow, client.browser, pending[0].kind.strategy)
    return SeeOther(destinations.page(request, "sign_up_verify"))


def proven(flow: Flow | None) -> dict[str, str]:
    """Return the identifiers of this open flow that are proven."""
    if flow is None or flow.abandoned:
        return {}
    verified = requirements.verified(flow)
    return {address.kind.value: address.value for address in flow.addresses if address in verified}
