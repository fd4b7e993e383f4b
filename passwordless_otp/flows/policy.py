"""What applies to one step: who asks, about which identifier, and what they may do. One frozen value.

It is worked out by the same statements for everybody, so that neither the answer nor its cost tells who has an
account. Restrictions are asked without the database: `InstanceSettings` brings them along.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from passwordless_otp import users
from passwordless_otp.errors import EmailAddressBlocked, NotAllowedAccess
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Flow, InstanceSettings, TestAddress
from passwordless_otp.models.messages import MessageKind
from passwordless_otp.rate_limits import rules, windows
from passwordless_otp.visitor import Visitor


@dataclass(frozen=True)
class Policy:
    """What applies to a code for `identifier`: what its message says, and whether it may pass."""

    identifier: IdentifierValue
    recognised: bool = False  # the holder has signed in with this browser before
    withheld: bool = False  # a restriction: the message is suppressed, and nobody is told
    may_pass: bool = True  # otherwise even the right code counts as a wrong one
    fixed_code: str = field(default="", repr=False)  # of a test address

    @property
    def message_kind(self) -> MessageKind:
        """What a message says: a code to sign up. A sign-in may say something else."""
        return MessageKind.SIGN_UP


@dataclass(frozen=True)
class SignInPolicy(Policy):
    """What applies to a sign-in. `holder` is the user who has the identifier, if anybody has it."""

    holder: Any = None
    transfers: bool = False  # nobody has the identifier: the right code leads to a sign-up
    is_allowed: bool = False  # the holder may sign in by code

    @property
    def message_kind(self) -> MessageKind:
        """A code, or why there is none: an unknown account, or one that may not sign in by code."""
        if self.transfers or self.is_allowed:
            return MessageKind.SIGN_IN
        return MessageKind.UNKNOWN_ACCOUNT if self.holder is None else MessageKind.NOT_ALLOWED

    @classmethod
    def load(cls, settings: InstanceSettings, flow: Flow, visitor: Visitor, identifier: IdentifierValue) -> Self:
        """Look up who has the identifier, and what follows from it."""
        holder = users.holders_of([identifier]).get(identifier)
        fixed_code = TestAddress.code_for(identifier, settings) if settings.test_mode else ""
        transfers = holder is None and settings.sign_up_open and flow.details["sign_up_if_missing"]
        withheld = settings.has_restrictions and _is_withheld(settings, flow, identifier, holder)
        allowed = users.may_sign_in(holder, settings, bool(fixed_code))
        return cls(
            identifier=identifier,
            recognised=holder is not None and holder.pk in visitor.users,
            withheld=withheld,
            may_pass=(transfers or allowed) and not withheld,
            fixed_code=fixed_code,
            holder=holder,
            transfers=transfers,
            is_allowed=allowed,
        )


@dataclass(frozen=True)
class SignUpPolicy(Policy):
    """What applies to a sign-up: whoever has the identifier already is looked up once everything is proven."""

    @classmethod
    def load(cls, settings: InstanceSettings, identifier: IdentifierValue) -> Self:
        """Return what applies to a code for this identifier."""
        return cls(identifier, fixed_code=TestAddress.code_for(identifier, settings))


def _is_withheld(settings: InstanceSettings, flow: Flow, identifier: IdentifierValue, holder: Any) -> bool:
    if holder is None:
        return settings.blocks(identifier) or not settings.allows(identifier)
    return any(settings.shuts_out(each) for each in [identifier, *flow.identifiers])


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


@contextmanager
def counting_refusals(settings: InstanceSettings, visitor: Visitor) -> Iterator[None]:
    """Count a refusal by `require_allowed` as a new flow: nobody can read the restrictions out in bulk."""
    try:
        yield
    except (EmailAddressBlocked, NotAllowedAccess):
        windows.consume(rules.for_flow(settings, visitor))
        raise
