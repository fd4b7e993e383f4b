"""What a visitor sees while a code is on its way to her."""

import math
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import codes, errors, identifiers
from passwordless_otp.flows.factors import Factor
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.pages.forms import CodeForm

# Where a verification takes no code: why. Only of an expired one may another be asked for.
REFUSALS = {
    VerificationStatus.EXPIRED: errors.VerificationExpired,
    VerificationStatus.FAILED: errors.VerificationFailed,
    VerificationStatus.VERIFIED: errors.AlreadyVerified,
    VerificationStatus.TRANSFERABLE: errors.AlreadyVerified,
}


def describe(
    flow: Flow, identifier: IdentifierValue, verification: Verification | None, settings: InstanceSettings
) -> dict[str, Any]:
    """Return where the code went, why it is of no use if it is of none, and when another may be asked for."""
    kind = {"kind": identifier.kind.value, "masked": identifiers.mask(identifier)}
    more = not flow.abandoned and flow.sends < settings.messages_per_flow
    if verification is None:
        return {**kind, "refusal": errors.VerificationMissing.long_message, "renewable": more}
    state = VerificationStatus.EXPIRED if flow.abandoned else verification.state
    refusal = REFUSALS.get(state)
    return {
        **kind,
        "refusal": refusal.long_message if refusal else "",
        "renewable": more and state in {VerificationStatus.UNVERIFIED, VerificationStatus.EXPIRED},
        "wait": _wait(verification, settings),
        "length": verification.length,
        "alphabet": verification.alphabet,
    }


@sensitive_variables("data")
def make_form(verification: Verification | None, data: dict[str, str] | None) -> CodeForm:
    """Make the form for this code, which says what it looks like and how long it works."""
    if verification is None:
        return CodeForm(codes.DIGITS, "", data=data)
    return CodeForm(verification.alphabet, f"{_looks(verification)} {_life(verification)}", data=data)


def other(flow: Flow, factor: Factor) -> dict[str, str]:
    """Return another way to get in."""
    return {
        "id": factor.id(flow),
        "kind": factor.identifier.kind.value,
        "masked": identifiers.mask(factor.identifier),
    }


def waits(flow: Flow | None) -> bool:
    """Tell whether a code of this flow can still be typed."""
    verification = flow.newest() if flow else None
    live = verification is not None and verification.state == VerificationStatus.UNVERIFIED
    return live and flow is not None and not flow.abandoned


def _wait(verification: Verification, settings: InstanceSettings) -> int:
    """Return in how many seconds another message may be asked for."""
    due = verification.resend_at(settings.resend_interval)
    return max(0, math.ceil((due - timezone.now()).total_seconds())) if due else 0


def _looks(verification: Verification) -> str:
    if verification.alphabet == codes.BASE32:
        text = ngettext("%s letter or digit.", "%s letters and digits.", verification.length)
    else:
        text = ngettext("%s digit.", "%s digits.", verification.length)
    return text % number_format(verification.length)


def _life(verification: Verification) -> str:
    seconds = (verification.expires_at - timezone.now()).total_seconds()
    minutes = max(1, math.ceil(seconds / 60))
    text = ngettext("Works for %s more minute.", "Works for %s more minutes.", minutes)
    return text % number_format(minutes)
