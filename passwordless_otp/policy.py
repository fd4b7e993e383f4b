"""What applies to an identifier: who has it, what a code for it leads to, and whether it may be used.

It is worked out by the same statements for everybody, so that neither the answer nor its cost tells who has an
account: when a code is handed in, and by the worker that sends a message. Restrictions are asked without the
database: `InstanceSettings` brings them along.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from passwordless_otp import users
from passwordless_otp.errors import EmailAddressBlocked, NotAllowedAccess
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Flow, InstanceSettings, TestAddress
from passwordless_otp.models.messages import MessageKind


@dataclass(frozen=True)
class Policy:
    """What applies to a code for `identifier` in a sign-up: its holder is looked up once everything is proven."""

    identifier: IdentifierValue
    may_pass: bool = True  # otherwise even the right code counts as a wrong one
    fixed_code: str = field(default="", repr=False)  # of a test address

    @classmethod
    def for_sign_up(cls, settings: InstanceSettings, identifier: IdentifierValue) -> Self:
        """Return what applies to a code for this identifier in a sign-up."""
        return cls(identifier, fixed_code=TestAddress.code_for(identifier, settings))


@dataclass(frozen=True)
class SignInPolicy(Policy):
    """What applies to a sign-in. `holder` is the user who has the identifier, if anybody has it."""

    holder: Any = None
    transfers: bool = False  # nobody has the identifier: the right code leads to a sign-up
    is_allowed: bool = False  # the holder may sign in by code
    withheld: bool = False  # a restriction: the message is suppressed, and nobody is told

    @property
    def message_kind(self) -> MessageKind:
        """A code, or why there is none: an unknown account, or one that may not sign in by code."""
        if self.transfers or self.is_allowed:
            return MessageKind.SIGN_IN
        return MessageKind.UNKNOWN_ACCOUNT if self.holder is None else MessageKind.NOT_ALLOWED

    @classmethod
    def load(cls, settings: InstanceSettings, flow: Flow, identifier: IdentifierValue) -> Self:
        """Look up who has the identifier, and what follows from it."""
        holder = users.holders_of([identifier]).get(identifier)
        fixed_code = TestAddress.code_for(identifier, settings) if settings.test_mode else ""
        transfers = holder is None and settings.sign_up_open and flow.details["sign_up_if_missing"]
        concerned = [identifier] if holder is None else [identifier, *flow.identifiers]
        withheld = settings.has_restrictions and is_withheld(settings, concerned, has_holder=holder is not None)
        allowed = users.may_sign_in(holder, settings, bool(fixed_code))
        return cls(
            identifier=identifier,
            may_pass=(transfers or allowed) and not withheld,
            fixed_code=fixed_code,
            holder=holder,
            transfers=transfers,
            is_allowed=allowed,
            withheld=withheld,
        )


def is_withheld(settings: InstanceSettings, identifiers: Sequence[IdentifierValue], *, has_holder: bool) -> bool:
    """Return whether a restriction keeps these from getting a code: at a sign-in, nobody is told."""
    if has_holder:
        return any(settings.shuts_out(each) for each in identifiers)
    return any(settings.blocks(each) or not settings.allows(each) for each in identifiers)


def require_allowed(settings: InstanceSettings, identifiers: Sequence[IdentifierValue]) -> None:
    """Raise `EmailAddressBlocked` or `NotAllowedAccess` unless a sign-up with these is allowed.

    None of them may be blocked. If sign-up is restricted, one of them has to be allowed.
    """
    for identifier in identifiers:
        if settings.blocks(identifier):
            blocked = EmailAddressBlocked if identifier.kind == Kind.EMAIL_ADDRESS else NotAllowedAccess
            raise blocked(identifier.kind.value)
    if identifiers and not any(settings.allows(identifier) for identifier in identifiers):
        raise NotAllowedAccess(identifiers[0].kind.value)
