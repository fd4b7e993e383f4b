"""Open a flow, in place of the one that this client had."""

from typing import Any, TypeVar

from django.db.models import Case, F, Q, Value, When

from passwordless_otp import conf, identifiers
from passwordless_otp.errors import CountryUnsupported, ServiceUnavailable, ValueDisabled
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Flow, Identifier, InstanceSettings, TestAddress, Verification, transactions
from passwordless_otp.models.flows import Purpose, Status, VerificationStatus
from passwordless_otp.visitor import Visitor

T = TypeVar("T")


def read_identifier(
    text: str, settings: InstanceSettings, param: str, kind: Kind | None = None
) -> IdentifierValue:
    """Return the identifier that was typed, of this kind if one is asked for. Raises `FormatInvalid`."""
    if kind is Kind.EMAIL_ADDRESS:
        identifier = IdentifierValue(kind, identifiers.parse_email(text, param))
    elif kind is Kind.PHONE_NUMBER:
        identifier = IdentifierValue(kind, identifiers.parse_phone(text, conf.default_region(), param))
    else:
        identifier = identifiers.parse(text, conf.default_region(), param)
    if not settings.offers(identifier.kind):
        raise ValueDisabled(param)
    if identifier.kind == Kind.PHONE_NUMBER and not TestAddress.code_for(identifier, settings):
        identifiers.require_mobile(identifier.value, param)
    return identifier


def require_served(number: str, settings: InstanceSettings) -> None:
    """Raise `CountryUnsupported` for a number that no SMS goes to, whoever has it. Not for a test identifier."""
    identifier = IdentifierValue(Kind.PHONE_NUMBER, number)
    if not settings.serves(number) and not TestAddress.code_for(identifier, settings):
        raise CountryUnsupported(identifier.kind.value)


def new(client: str, purpose: Purpose, addresses: list[IdentifierValue], details: Any) -> Flow:
    """Return a new flow of this client. Not saved."""
    values = {identifier.kind.value: identifier.value for identifier in addresses}
    flow = Flow(client=client, purpose=purpose, details=details, **values)
    flow.known_verifications = []
    return flow


def open_in_place_of(flow: Flow, current: Flow | None, receipts: list[Any]) -> None:
    """Save a new flow and end `current`. Raises `IntegrityError` if another was faster."""
    if current is not None:
        end_open(flow.client, Purpose(flow.purpose))
    flow.receipts, flow.known_verifications = receipts, []
    flow.save(force_insert=True)


def end_open(client: str, *purposes: Purpose) -> None:
    """End this client's open flows of these purposes; erase what their codes were made of, void their proofs."""
    if Flow.objects.end(client, *purposes):
        erase_secrets(Verification.objects.filter(flow__client=client))


def end_all_of(user: Any) -> None:
    """End the open flows of whichever browser in which an identifier of this user was typed."""
    typed: dict[str, list[str]] = {kind.value: [] for kind in Kind}
    for kind, value in Identifier.objects.filter(user=user).values_list("kind", "value"):
        typed[kind].append(value)
    hers = Q(email_address__in=typed[Kind.EMAIL_ADDRESS]) | Q(phone_number__in=typed[Kind.PHONE_NUMBER])
    flows = list(Flow.objects.filter(hers, status=Status.OPEN).values_list("pk", flat=True))
    Flow.objects.filter(pk__in=flows, status=Status.OPEN).update(status=Status.ENDED)
    erase_secrets(Verification.objects.filter(flow__in=flows))


def erase_secrets(verifications: Any) -> None:
    """Of flows that were ended: erase what the codes were made of, void the proofs."""
    ended = verifications.filter(flow__status=Status.ENDED)
    proof = Q(status=VerificationStatus.TRANSFERABLE)
    void = Case(When(proof, Value(VerificationStatus.EXPIRED)), default=F("status"))
    ended.filter(~Q(nonce="") | proof).update(nonce="", status=void)


def end_others(visitor: Visitor, flow: Flow, client: str) -> None:
    """After a proof in `flow`: end what else was open under the old cookie, which may have been planted."""
    if visitor.flows - {flow.pk}:
        transactions.run_step(lambda: end_open(client, *Purpose))


def concurrent_flow(client: str, purpose: Purpose) -> Flow:
    """Return the flow that a parallel `create` of this client has opened. Raises `ServiceUnavailable`."""
    flow: Flow | None = Flow.objects.live().filter(client=client, purpose=purpose).first()
    if flow is None:
        raise ServiceUnavailable
    return flow
