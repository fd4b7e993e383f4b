"""The last step of a sign-up: make its user, or sign the owner in."""

import json
from typing import Any

from passwordless_otp import users
from passwordless_otp.browsers import Browser
from passwordless_otp.errors import IdentificationClaimed, IdentifierExists, OTPError
from passwordless_otp.flows import requirements
from passwordless_otp.identifiers import Address
from passwordless_otp.models import Flow, InstanceSettings, TestIdentifier


def finish(flow: Flow, settings: InstanceSettings, browser: Browser) -> OTPError | None:
    """Complete the flow for `browser` if nothing is missing and everything is proven.

    Returns a refusal instead of raising it: what the visitor has proven is to be committed all the same.
    """
    if requirements.missing(flow, settings) or requirements.unverified(flow, settings):
        return None
    proven = requirements.addresses(flow, settings)
    try:
        user = _owner(proven, settings) or _new_user(flow, proven, settings)
    except (IdentificationClaimed, IdentifierExists) as refusal:
        return refusal
    flow.complete(user, browser.successor, not flow.made_user and users.is_news_to(user, browser))
    return None


def _new_user(flow: Flow, proven: list[Address], settings: InstanceSettings) -> Any:
    metadata = json.loads(flow.details["unsafe_metadata"] or "{}")
    try:
        user = users.make(proven, {**flow.details, "unsafe_metadata": metadata})
    except IdentificationClaimed:
        # A sign-up that ran beside this one may have made a user of the same identifiers: hers, then.
        owner = _owner(proven, settings)
        if owner is None:
            raise
        return owner
    flow.made_user = True
    return user


def _owner(proven: list[Address], settings: InstanceSettings) -> Any:
    """Return the user who holds all of these; `None` where nobody holds any. Raises `IdentificationClaimed`."""
    holders = users.holders_of(proven)
    if not holders:
        return None
    owner = holders[next(iter(holders))]
    all_hers = len(holders) == len(proven) and all(holder.pk == owner.pk for holder in holders.values())
    tested = any(TestIdentifier.code_for(address, settings) for address in proven)
    identifies = any(settings.identifies(address.kind) for address in proven)
    if not (all_hers and identifies and users.may_sign_in(owner, settings, tested)):
        raise IdentificationClaimed
    return owner
