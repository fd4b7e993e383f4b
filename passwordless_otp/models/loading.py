"""Flows together with their verifications, in one statement."""

from typing import Any

from passwordless_otp.models.flows import Flow
from passwordless_otp.models.verifications import Verification


def whole(flows: Any) -> list[Flow]:
    """Return the flows of this queryset, each with all its verifications known."""
    own, theirs = (_columns(model) for model in [Flow, Verification])
    found: dict[Any, Flow] = {}
    for row in flows.order_by("pk").values_list(*own, *[f"verifications__{name}" for name in theirs]):
        flow = found.setdefault(row[0], Flow.from_db(flows.db, own, row[: len(own)]))
        known = flow.__dict__.setdefault("known_verifications", [])
        if row[len(own)] is not None:
            verification = Verification.from_db(flows.db, theirs, row[len(own) :])
            verification.flow = flow
            known.append(verification)
    return list(found.values())


def _columns(model: Any) -> list[str]:
    return [field.attname for field in model._meta.concrete_fields]
