"""What sign-in and sign-up share while a code is on its way: the recipient, when to send again."""

import math
from typing import Any, NamedTuple

from django.utils import timezone

from passwordless_otp import errors, identifiers
from passwordless_otp.flows.factors import Factor
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.models.flows import VerificationStatus

# Why a verification takes no code. Only in place of an expired code can another be requested.
REFUSALS = {
    VerificationStatus.EXPIRED: errors.VerificationExpired,
    VerificationStatus.FAILED: errors.VerificationFailed,
    VerificationStatus.VERIFIED: errors.AlreadyVerified,
    VerificationStatus.TRANSFERABLE: errors.AlreadyVerified,
}


class CodeStep(NamedTuple):
    """The identifier that a flow has to prove next, and its verification if a code was requested."""

    flow: Flow
    identifier: IdentifierValue
    verification: Verification | None


def describe(step: CodeStep, settings: InstanceSettings) -> dict[str, Any]:
    """Return what the template says: the recipient, why the code is of no use, when another may be requested."""
    flow, identifier, verification = step
    kind = {"kind": identifier.kind.value, "masked": identifiers.mask(identifier)}
    more = not flow.abandoned and flow.sends < settings.messages_per_flow
    if verification is None:
        return {**kind, "refusal": errors.VerificationMissing.long_message, "renewable": more}
    state = VerificationStatus.EXPIRED if flow.abandoned else verification.state
    refusal = REFUSALS.get(state)
    due = verification.resend_at(settings.resend_interval)
    return {
        **kind,
        "refusal": refusal.long_message if refusal else "",
        "renewable": more and state in {VerificationStatus.UNVERIFIED, VerificationStatus.EXPIRED},
        "wait": max(0, math.ceil((due - timezone.now()).total_seconds())) if due else 0,  # seconds
        "length": verification.length,
        "alphabet": verification.alphabet,
    }


def other_factor(flow: Flow, factor: Factor) -> dict[str, str]:
    """Return what the template says of another way to sign in."""
    kind, masked = factor.identifier.kind.value, identifiers.mask(factor.identifier)
    return {"id": factor.id(flow), "kind": kind, "masked": masked}


def is_waiting(flow: Flow | None) -> bool:
    """Return whether a code of this flow can still be handed in."""
    verification = flow.newest() if flow else None
    live = verification is not None and verification.state == VerificationStatus.UNVERIFIED
    return live and flow is not None and not flow.abandoned
