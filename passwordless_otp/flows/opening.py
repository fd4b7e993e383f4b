"""Open a flow, in place of the one that this client had."""

from typing import Any

from django.db.models import Case, F, Q, Value, When

from passwordless_otp import conf, identifiers
from passwordless_otp.browsers import Browser
from passwordless_otp.errors import CountryUnsupported, ServiceUnavailable, ValueDisabled
from passwordless_otp.flows import transactions
from passwordless_otp.identifiers import Address, Kind
from passwordless_otp.models import Flow, Identifier, InstanceSettings, TestIdentifier, Verification
from passwordless_otp.models.flows import Purpose, Status
from passwordless_otp.models.verifications import VerificationStatus


def read(text: str, settings: InstanceSettings, param: str, kind: Kind | None = None) -> Address:
    """Return the identifier that was typed, of this kind if one is asked for. Raises `FormatInvalid`."""
    if kind is Kind.EMAIL_ADDRESS:
        address = Address(kind, identifiers.parse_email(text, param))
    elif kind is Kind.PHONE_NUMBER:
        address = Address(kind, identifiers.parse_phone(text, conf.default_region(), param))
    else:
        address = identifiers.parse(text, conf.default_region(), param)
    if not settings.offers(address.kind):
        raise ValueDisabled(param)
    if address.kind == Kind.PHONE_NUMBER and not TestIdentifier.code_for(address, settings):
        identifiers.require_mobile(address.value, param)
    return address


def refuse_country(number: str, settings: InstanceSettings) -> None:
    """Raise `CountryUnsupported` for a number that no SMS goes to, whoever has it. Not for a test identifier."""
    address = Address(Kind.PHONE_NUMBER, number)
    if not settings.serves(number) and not TestIdentifier.code_for(address, settings):
        raise CountryUnsupported(address.kind.value)


def build(client: str, purpose: Purpose, addresses: list[Address], details: Any) -> Flow:
    """Return a new flow of this client. Not saved."""
    values = {address.kind.value: address.value for address in addresses}
    flow = Flow(client=client, purpose=purpose, details=details, **values)
    flow.known_verifications = []
    return flow


def save(flow: Flow, current: Flow | None, shares: list[Any]) -> None:
    """Save a new flow and end `current`. Raises `IntegrityError` if another was faster."""
    if current is not None:
        end(flow.client, Purpose(flow.purpose))
    flow.shares, flow.known_verifications = shares, []
    flow.save(force_insert=True)


def end(client: str, *purposes: Purpose) -> None:
    """End this client's open flows of these purposes; erase what their codes were made of, void their proofs."""
    if Flow.objects.end(client, *purposes):
        erase(Verification.objects.filter(flow__client=client))


def end_of(user: Any) -> None:
    """End the open flows of whichever browser in which an identifier of this user was typed."""
    typed: dict[str, list[str]] = {kind.value: [] for kind in Kind}
    for kind, value in Identifier.objects.filter(user=user).values_list("kind", "value"):
        typed[kind].append(value)
    hers = Q(email_address__in=typed[Kind.EMAIL_ADDRESS]) | Q(phone_number__in=typed[Kind.PHONE_NUMBER])
    flows = list(Flow.objects.filter(hers, status=Status.OPEN).values_list("pk", flat=True))
    Flow.objects.filter(pk__in=flows, status=Status.OPEN).update(status=Status.ENDED)
    erase(Verification.objects.filter(flow__in=flows))


def erase(verifications: Any) -> None:
    """Of flows that were ended: erase what the codes were made of, void the proofs."""
    ended = verifications.filter(flow__status=Status.ENDED)
    proof = Q(status=VerificationStatus.TRANSFERABLE)
    void = Case(When(proof, Value(VerificationStatus.EXPIRED)), default=F("status"))
    ended.filter(~Q(nonce="") | proof).update(nonce="", status=void)


def end_others(browser: Browser, flow: Flow, client: str) -> None:
    """After a proof in `flow`: end what else was open under the old cookie, which may have been planted."""
    if browser.flows - {flow.pk}:
        transactions.run(lambda: end(client, *Purpose))


def winner(client: str, purpose: Purpose) -> Flow:
    """Return the flow that a parallel `create` of this client has opened. Raises `ServiceUnavailable`."""
    flow: Flow | None = Flow.objects.live().filter(client=client, purpose=purpose).first()
    if flow is None:
        raise ServiceUnavailable
    return flow
