"""Flows, verifications, clients, sessions and users as the API shows them: plain dicts."""

import json
from datetime import datetime
from operator import attrgetter
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from passwordless_otp import clients, keys, tokens, users
from passwordless_otp.flows import factors, sign_up
from passwordless_otp.identifiers import Kind, mask
from passwordless_otp.models import Flow, InstanceSettings, Verification
from passwordless_otp.models.flows import Purpose, Status, VerificationStatus

IDS = {Purpose.SIGN_IN: "sia_", Purpose.SIGN_UP: "sua_"}


def client_of(request: HttpRequest) -> dict[str, Any] | None:
    """Return the browser with its session and its open flows; `None` for one without either."""
    client = clients.current(request)
    session = session_of(request)
    if session is None and client.visitor.client != client.digest:  # a browser that the database does not know
        return None
    flows = {purpose: client.flows.get(purpose) for purpose in Purpose}
    instants = [millis(flow.created_at) for flow in flows.values() if flow] or [millis(timezone.now())]
    return {
        "object": "client",
        "id": "client_" + keys.digest("client", client.digest or clients.session_id(request)),
        "sessions": [session] if session else [],
        **{purpose.value: flow_of(flow, request) if flow else None for purpose, flow in flows.items()},
        "last_active_session_id": session["id"] if session else None,
        "cookie_expires_at": None,
        "created_at": min(instants),
        "updated_at": max(instants),
    }


def flow_of(flow: Flow, request: HttpRequest) -> dict[str, Any]:
    """Return a sign-in or a sign-up."""
    settings = clients.current(request).settings
    complete = flow.status == Status.COMPLETE
    own = _sign_in(flow, settings) if flow.purpose == Purpose.SIGN_IN else _sign_up(flow, settings)
    if complete or flow.abandoned:
        own["status"] = "complete" if complete else "abandoned"
    return {
        "id": IDS[Purpose(flow.purpose)] + flow.pk.hex,
        **own,
        "created_session_id": (clients.session_id(request) or None) if complete else None,
        "abandon_at": millis(flow.expires_at),
    }


def _sign_in(flow: Flow, settings: InstanceSettings) -> dict[str, Any]:
    typed, newest = next(iter(flow.identifiers), None), flow.newest()
    offered = [] if flow.status == Status.COMPLETE or typed is None else factors.offered(settings, flow)
    shown = [
        {
            "strategy": factor.identifier.kind.strategy,
            "safe_identifier": mask(factor.identifier),
            f"{factor.identifier.kind}_id": factor.id(flow),
            "primary": factor.primary,
        }
        for factor in offered
    ]
    return {
        "object": "sign_in_attempt",
        "status": "needs_first_factor" if typed else "needs_identifier",
        "supported_identifiers": list(settings.kinds),
        "supported_first_factors": shown or None,
        "supported_second_factors": None,
        "first_factor_verification": _verification(newest, settings) if newest else None,
        "second_factor_verification": None,
        "identifier": typed.value if typed else None,
        "user_data": None,
    }


def _sign_up(flow: Flow, settings: InstanceSettings) -> dict[str, Any]:
    complete = flow.status == Status.COMPLETE
    missing = [] if complete else sign_up.missing(settings, flow)
    unverified = [] if complete else sign_up.unverified(settings, flow)
    proofs = {str(kind): _proof(flow, kind, settings) for kind in Kind}
    return {
        "object": "sign_up_attempt",
        "status": "missing_requirements",
        "required_fields": sign_up.required(settings),
        "optional_fields": sign_up.optional(settings),
        "missing_fields": missing,
        "unverified_fields": [identifier.kind for identifier in unverified],
        "verifications": {**proofs, "web3_wallet": None, "external_account": None},
        **{str(kind): getattr(flow, kind) or None for kind in Kind},
        **{name: flow.details[name] or None for name in sign_up.NAMES},
        "password_enabled": False,
        "unsafe_metadata": json.loads(flow.details["unsafe_metadata"] or "{}"),
        "created_user_id": f"user_{flow.user_id}" if flow.user_id else None,
    }


def _proof(flow: Flow, kind: Kind, settings: InstanceSettings) -> dict[str, Any] | None:
    """Return the verification of a sign-up's identifier; `None` where none of this kind was given."""
    identifier = next((identifier for identifier in flow.identifiers if identifier.kind == kind), None)
    if identifier is None:
        return None
    verification = flow.verification_of(identifier)
    shown = _verification(verification or Verification(kind=kind, max_tries=0), settings)
    if verification is None:
        shown |= {"status": "unverified", "strategy": "", "attempts": None, "expire_at": None}
    needs = "needs_attempt" if shown["status"] == "unverified" and verification else "needs_prepare"
    done = shown["status"] == "verified"
    return {**shown, "next_action": "" if done else needs, "supported_strategies": [kind.strategy]}


def _verification(verification: Verification, settings: InstanceSettings) -> dict[str, Any]:
    due = verification.resend_at(settings.resend_interval)
    return {
        "object": "verification_otp",
        "status": verification.state,
        "strategy": verification.identifier.kind.strategy,
        "attempts": verification.tries,
        "expire_at": millis(verification.expires_at),
        "resend_at": millis(due) if due else None,
        "code_length": verification.length,
        "code_alphabet": verification.alphabet,
        **({"channel": "sms"} if verification.kind == Kind.PHONE_NUMBER else {}),
        "error": None,
    }


def session_of(request: HttpRequest) -> dict[str, Any] | None:
    """Return the Django session, whoever made it; `None` where nobody is signed in."""
    if not request.user.is_authenticated:
        return None
    user, session_id = user_of(request), clients.session_id(request)
    shown = [*user["email_addresses"], *user["phone_numbers"]]
    identifier = shown[0][shown[0]["object"]] if shown else user["username"] or user["id"]
    now, end = millis(timezone.now()), millis(request.session.get_expiry_date())
    key, origin = request.session.session_key, request.headers.get("Origin")
    return {
        "object": "session",
        "id": session_id,
        "status": "active",
        "user": user,
        "last_active_at": now,
        "expire_at": end,
        "abandon_at": end,
        "last_active_token": tokens.session_token(request.user.pk, session_id, key, origin),
        "public_user_data": {
            "first_name": user["first_name"],
            "last_name": user["last_name"],
            "identifier": identifier,
            "user_id": user["id"],
        },
        "created_at": user["last_sign_in_at"],
        "updated_at": now,
    }


def user_of(request: HttpRequest) -> dict[str, Any]:
    """Return the signed-in user, with their proven identifiers, the primary ones first."""
    user: Any = request.user
    own: dict[str, list[Any]] = {kind: [] for kind in Kind}
    identifiers = sorted(user.otp_identifiers.all(), key=attrgetter("pk"))
    identifiers.sort(key=attrgetter("primary"), reverse=True)  # a stable sort: otherwise still by age
    for identifier in identifiers:
        kind = Kind(identifier.kind)
        shown = {
            "id": "idn_" + keys.digest("identifier", str(identifier.pk)),
            "object": kind,
            kind: identifier.value,
            "verification": {"status": VerificationStatus.VERIFIED, "strategy": kind.strategy},
            "reserved": False,
            "linked_to": [],
        }
        own[kind].append(shown)
    joined = getattr(user, "date_joined", None)
    return {
        "object": "user",
        "id": f"user_{user.pk}",
        "first_name": getattr(user, "first_name", None) or None,
        "last_name": getattr(user, "last_name", None) or None,
        "username": users.username_of(user, clients.current(request).settings),
        "email_addresses": own[Kind.EMAIL_ADDRESS],
        "phone_numbers": own[Kind.PHONE_NUMBER],
        **{f"primary_{kind}_id": own[kind][0]["id"] if own[kind] else None for kind in Kind},
        "created_at": millis(joined) if joined else None,
        "updated_at": millis(user.last_login or joined or timezone.now()),
        "last_sign_in_at": millis(user.last_login) if user.last_login else None,
    }


def millis(instant: datetime) -> int:
    """Return milliseconds since 1970."""
    return int(instant.timestamp() * 1000)
