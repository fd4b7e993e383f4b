"""Check a code that was handed in: for sign-in and sign-up alike.

The threat is guessing, in parallel and over many flows. So a wrong code is counted before the comparison
(`throttle.attempt`), the verdict is one conditional UPDATE (`Verification.judge`), and a failure is committed
before it is raised: nothing that fails later gives a try back. What cannot be a code, or comes too late, is
refused without a comparison: it counts as a step of its source, and not as a try.

A code is never handed to a `with` block's generator, whose variables Django's error reports can't hide.
"""

from django.views.decorators.debug import sensitive_variables

from passwordless_otp import codes, keys
from passwordless_otp.errors import AlreadyVerified, CodeIncorrect, VerificationExpired, VerificationFailed
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import InstanceSettings, Verification
from passwordless_otp.models.flows import VerificationStatus
from passwordless_otp.policy import Policy
from passwordless_otp.rate_limits.throttle import AttemptLimits


@sensitive_variables("code", "typed", "expected")
def require_right(
    settings: InstanceSettings, policy: Policy, verification: Verification, code: str, limits: AttemptLimits
) -> int:
    """Return the length that a code must have, if `code` is right and may pass.

    The caller then takes it, in the same block of `throttle.attempt`. The code of a test address is fixed: it
    does not grow. Raises `CodeIncorrect` or `VerificationFailed` once the failure is saved, and what
    `require_open` does.
    """
    required_length = 0 if policy.fixed_code else limits.code_format.length
    typed = require_open(verification, code, required_length)
    try:
        expected = policy.fixed_code or verification.code()
    except keys.KeyMissing as error:
        raise VerificationExpired from error
    if codes.match(expected, typed) and policy.may_pass:
        return required_length
    was_last = verification.record_failure(required_length, [*verification.receipts, *limits.receipts])
    limits.keep_failure(settings, verification.identifier)
    if was_last:
        dispatch.report_outcome(verification)
        raise VerificationFailed(compared=verification.pk)
    raise CodeIncorrect(compared=verification.pk)


@sensitive_variables("code", "typed")
def require_open(verification: Verification, code: str, required_length: int = 0) -> str:
    """Return the code that was typed, if the verification takes one and it can be one.

    Raises `AlreadyVerified`, `VerificationFailed`, `VerificationExpired`, `CodeIncorrect`. A code shorter than
    `required_length` has one try: it counts as expired after that.
    """
    if verification.state == VerificationStatus.EXPIRED:
        raise VerificationExpired
    require_unspent(verification)
    if verification.length < required_length and verification.tries:
        raise VerificationExpired
    typed = codes.normalise(code, verification.length, verification.alphabet)
    if not typed:
        raise CodeIncorrect
    return typed


def require_unspent(verification: Verification) -> None:
    """Raise `VerificationFailed` or `AlreadyVerified` if its tries or its code are used up, whatever the time."""
    if verification.status == VerificationStatus.FAILED:
        raise VerificationFailed
    if verification.status != VerificationStatus.UNVERIFIED:
        raise AlreadyVerified
