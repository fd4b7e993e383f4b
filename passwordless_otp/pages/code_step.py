"""What sign-in and sign-up share while a code is on its way: the recipient, when to send again."""

import math
import re
from abc import ABC, abstractmethod
from typing import Any, NamedTuple
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp import clients, errors, identifiers
from passwordless_otp.flows.factors import Factor
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.models.flows import VerificationStatus, read_flows

# Why a verification takes no code. Only in place of an expired code can another be requested.
REFUSALS = {
    VerificationStatus.EXPIRED: errors.VerificationExpired,
    VerificationStatus.FAILED: errors.VerificationFailed,
    VerificationStatus.VERIFIED: errors.AlreadyVerified,
    VerificationStatus.TRANSFERABLE: errors.AlreadyVerified,
}

# The heading of a page that takes no code, in place of the one that says where the message went.
HEADINGS = {
    VerificationStatus.EXPIRED: _("This code has expired"),
    VerificationStatus.FAILED: _("Too many wrong codes"),
    VerificationStatus.VERIFIED: _("Already used"),
    VerificationStatus.TRANSFERABLE: _("Already used"),
}

FLOW_ID = re.compile("[0-9a-f]{32}")
FLOW = "flow"  # the hidden field with the id of the flow that a form of the code page belongs to


class FlowReplaced(errors.OTPError):
    """Raised for a form of the code page that was drawn for another flow than the one that is open now."""

    code, status = "flow_replaced", 409
    long_message = _("This sign-in was replaced by another one in this browser.")


class FlowLost(errors.ResourceNotFound):
    """Raised for a form of the code page in a browser that has no open flow."""

    long_message = _(
        "Your sign-in could not be found in this browser. Start again. If that does not help, allow cookies for "
        "this site."
    )


class CodeStep(NamedTuple):
    """The identifier that a flow has to prove next, and its verification if a code was requested."""

    flow: Flow
    identifier: IdentifierValue
    verification: Verification | None


class CodeFlow(ABC):
    """What the code page does in the flows of one purpose."""

    start_page: str  # the name of the page where the flow begins
    code_page: str

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.client = clients.current(request)

    @abstractmethod
    def step(self) -> CodeStep:
        """Return this browser's flow, and what it has to prove next. Raises `ResourceNotFound`."""

    @abstractmethod
    def send(self, button: str) -> None:
        """Send a message, by the value of the button that was pressed."""

    @abstractmethod
    def attempt(self, code: str) -> str:
        """Hand in the code. Return the path of the page that asks for the rest; empty if that was all."""

    @abstractmethod
    def buttons(self, step: CodeStep) -> dict[str, Any]:
        """Return the button that sends again, and the other factors that can be used."""


def describe(step: CodeStep, settings: InstanceSettings) -> dict[str, Any]:
    """Return what the template says: the recipient, why the code is of no use, when another may be requested."""
    flow, identifier, verification = step
    typed = {each.kind for each in flow.identifiers}
    is_own = identifier in flow.identifiers  # what was typed in this browser hides nothing from it
    kind = {
        FLOW: flow.pk.hex,
        "kind": identifier.kind.value,
        "masked": identifiers.readable(identifier) if is_own else identifiers.mask(identifier),
        "other_kind": next((each.value for each in settings.kinds if each not in typed), ""),
    }
    more = not flow.abandoned and flow.sends < settings.messages_per_flow
    if verification is None:
        return {**kind, "refusal": errors.VerificationMissing.long_message, "renewable": more}
    state = VerificationStatus.EXPIRED if flow.abandoned else verification.state
    refusal = REFUSALS.get(state)
    due = verification.resend_at(settings.resend_interval)
    return {
        **kind,
        "refusal": refusal.long_message if refusal else "",
        "heading": HEADINGS.get(state, ""),
        "sent_again_at": verification.last_sent_at if verification.sends > 1 else None,
        "renewable": more and state in {VerificationStatus.UNVERIFIED, VerificationStatus.EXPIRED},
        "wait": max(0, math.ceil((due - timezone.now()).total_seconds())) if due else 0,  # seconds
        "length": verification.length,
        "alphabet": verification.alphabet,
    }


def why_lost(posted: str) -> errors.OTPError:
    """Return why there is no open flow for a form that was drawn for the flow with this id.

    After the right code the browser has a new cookie. The second of two clicks comes with the old one.
    """
    found = read_flows(pk=UUID(posted)) if FLOW_ID.fullmatch(posted) else []
    proven = {VerificationStatus.VERIFIED, VerificationStatus.TRANSFERABLE}
    if any(each.status in proven for flow in found for each in flow.known_verifications):
        return errors.AlreadyVerified()
    return FlowLost()


def other_factor(flow: Flow, factor: Factor) -> dict[str, str]:
    """Return what the template says of another way to sign in."""
    kind, masked = factor.identifier.kind.value, identifiers.mask(factor.identifier)
    return {"id": factor.id(flow), "kind": kind, "masked": masked}


def is_waiting(flow: Flow | None) -> bool:
    """Return whether a code of this flow can still be handed in."""
    verification = flow.newest() if flow else None
    live = verification is not None and verification.state == VerificationStatus.UNVERIFIED
    return live and flow is not None and not flow.abandoned
