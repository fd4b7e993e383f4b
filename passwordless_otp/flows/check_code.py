"""The part that sign-in and sign-up share: check a code."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.views.decorators.debug import sensitive_variables

from passwordless_otp import codes, keys
from passwordless_otp.errors import (
    AlreadyVerified,
    CodeIncorrect,
    OTPError,
    ServiceUnavailable,
    VerificationExpired,
    VerificationFailed,
)
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Flow, Verification, transactions
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.rate_limits.throttle import AttemptThrottle

LOOKS = 3  # at a verification that others keep changing: each needs another message, so one is rare

T = TypeVar("T")


class Overtaken(Exception):
    """Another request has changed the verification since this one read it."""


class Wrong(Exception):
    """A wrong code, and its try is paid."""

    def __init__(self, refusal: OTPError) -> None:
        self.refusal = refusal


@sensitive_variables("code")
def check_code(verification: Verification, code: str, guard: AttemptThrottle, accept: Callable[[int], T]) -> T:
    """Run `accept`, which has to call `take`, in a transaction if `code` is right; else raise, a try paid.

    Where the guard lets nobody pass even the right code is a wrong one. Raises `CodeIncorrect` (not paid where
    it could not be a code at all), `VerificationFailed`, `VerificationExpired`, `AlreadyVerified`,
    `TooManyRequests`.
    """
    _typed(verification, code, 0)
    shape = guard.pay()
    try:
        outcome = _verdict(verification, code, guard, partial(accept, shape.length), shape.length)
    except Wrong as wrong:
        guard.hold()
        if isinstance(wrong.refusal, VerificationFailed):
            dispatch.report_outcome(verification)
        raise wrong.refusal from None
    except BaseException:
        guard.refund()
        raise
    guard.reward(verification)
    dispatch.report_outcome(verification)
    return outcome


@sensitive_variables("code", "typed")
def _verdict(
    verification: Verification, code: str, guard: AttemptThrottle, accept: Callable[[], T], at_least: int
) -> T:
    for _ in range(LOOKS):
        typed = _typed(verification, code, at_least)
        try:
            if _matches(verification, typed, guard.test_code) and guard.may_pass:
                return transactions.run_step(accept, verification.flow, verification)
            raise _wrong(verification, at_least, guard)
        except Overtaken:
            # The answer is the state as it now stands, or if only the code is another, one more look.
            verification.reread()
            require_open(verification.flow)
    raise ServiceUnavailable


@sensitive_variables("code", "typed")
def _typed(verification: Verification, code: str, at_least: int) -> str:
    """Return what was typed, if the verification takes a code and it can be one."""
    require_unspent(verification)
    outgrown = verification.length < at_least and verification.tries
    if outgrown or verification.state == VerificationStatus.EXPIRED:
        raise VerificationExpired
    typed = codes.normalise(code, verification.length, verification.alphabet)
    if not typed:
        raise CodeIncorrect
    return typed


def _wrong(verification: Verification, at_least: int, guard: AttemptThrottle) -> Wrong:
    """Pay the try that a wrong code costs. Raises `Overtaken`."""
    kept = [*verification.receipts, *guard.receipts]
    if not transactions.run_step(lambda: verification.judge(False, at_least, receipts=kept)):
        raise Overtaken
    verification.reread()
    failed = verification.status == VerificationStatus.FAILED
    refusal = VerificationFailed() if failed else CodeIncorrect()
    refusal.rejected = verification
    return Wrong(refusal)


def consume_code(verification: Verification, at_least: int, **outcome: Any) -> None:
    """Take the right code, once. Raises `Overtaken` if another request was faster."""
    if not verification.judge(True, at_least, **outcome):
        raise Overtaken
    verification.tries += 1
    for name, value in {"status": VerificationStatus.VERIFIED, "nonce": "", **outcome}.items():
        setattr(verification, name, value)


def require_unspent(verification: Verification) -> None:
    """Raise why this verification takes no code any more, if it does not."""
    if verification.status == VerificationStatus.FAILED:
        raise VerificationFailed
    if verification.status != VerificationStatus.UNVERIFIED:
        raise AlreadyVerified


def require_open(flow: Flow) -> None:
    """Raise why this flow does not go on, if it does not, as the database has it."""
    if not Flow.objects.live().filter(pk=flow.pk).exists():
        raise flow.refusal()


@sensitive_variables()
def _matches(verification: Verification, typed: str, fixed: str) -> bool:
    try:
        return codes.match(fixed or verification.code(), typed)
    except keys.KeyMissing as error:
        raise VerificationExpired from error
