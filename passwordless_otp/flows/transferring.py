"""Go on from a sign-in that proved an identifier which nobody has, to a sign-up."""

from typing import Any

from django.utils import timezone

from passwordless_otp.errors import TransferInvalid
from passwordless_otp.flows import opening
from passwordless_otp.identifiers import Address, Kind
from passwordless_otp.models import Flow, Verification
from passwordless_otp.models.flows import Purpose, Status
from passwordless_otp.models.verifications import VerificationStatus


def start(client: str, current: Flow | None, values: dict[str, str], details: Any) -> Flow:
    """Save a sign-up that starts with the identifier that this client has just proven. Raises `TransferInvalid`.

    Once: the sign-in ends here, and its verification is no longer transferable.
    """
    sign_in = Flow.objects.live().filter(client=client, purpose=Purpose.SIGN_IN)
    held = sign_in.update(status=Status.OPEN)
    proofs = Verification.objects.filter(flow__in=sign_in, status=VerificationStatus.TRANSFERABLE)
    proven = proofs.filter(expires_at__gt=timezone.now()).first() if held else None
    if proven is None:
        raise TransferInvalid
    Verification.objects.filter(pk=proven.pk).update(status=VerificationStatus.VERIFIED)
    opening.end(client, Purpose.SIGN_IN)
    given = {**values, proven.kind: proven.value}
    addresses = [Address(kind, given[kind]) for kind in Kind if given.get(kind)]
    flow = opening.build(client, Purpose.SIGN_UP, addresses, details)
    opening.save(flow, current, [])
    verification = Verification.objects.create(
        flow=flow,
        kind=proven.kind,
        value=proven.value,
        status=VerificationStatus.VERIFIED,
        tries=proven.tries,
        max_tries=proven.max_tries,
        expires_at=proven.expires_at,
    )
    flow.known_verifications.append(verification)
    return flow
