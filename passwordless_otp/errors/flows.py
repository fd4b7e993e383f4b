"""Why a flow does not go on."""

from django.utils.translation import gettext_lazy as _

from passwordless_otp.errors.refusal import OTPError


class CodeIncorrect(OTPError):
    """Wrong digits."""

    code = "form_code_incorrect"
    status = 422
    message = _("is incorrect")
    long_message = _("This code is not right. Check the newest message and type it again.")
    param = "code"


class VerificationExpired(OTPError):
    """The code, or the whole flow, is too old."""

    code = "verification_expired"
    message = _("has expired")
    long_message = _("This code has expired. Ask for a new one.")


class VerificationFailed(OTPError):
    """The tries are used up."""

    code = "verification_failed"
    message = _("too many wrong codes")
    long_message = _("Too many wrong codes. Start again to get a new one.")


class AlreadyVerified(OTPError):
    """The code was right, once."""

    code = "verification_already_verified"
    message = _("already used")
    long_message = _("This code was already used.")


class VerificationMissing(OTPError):
    """An attempt before a code was asked for."""

    code = "verification_missing"
    message = _("no code was sent")
    long_message = _("Ask for a code first.")


class TooManyCodes(OTPError):
    """As many messages as one flow may send."""

    code = "verification_code_too_many_requests"
    status = 429
    message = _("too many codes")
    long_message = _("Too many codes were sent. Use the newest one, or start again later.")


class SignUpClosed(OTPError):
    """The operator takes no new users."""

    code = "sign_up_mode_restricted"
    status = 403
    message = _("sign-up is closed")
    long_message = _("This site takes no new accounts at the moment.")


class EmailAddressBlocked(OTPError):
    """The operator takes no sign-up with this email address, whether or not somebody has it."""

    code = "form_email_address_blocked"
    status = 403
    message = _("is not accepted")
    long_message = _("This email address can't be used to sign up here. Use another one.")
    param = "email_address"


class NotAllowedAccess(OTPError):
    """The operator takes sign-ups of certain people only, and this is none of them."""

    code = "not_allowed_access"
    status = 403
    message = _("is not allowed")
    long_message = _("This can't be used to sign up here. Use another one, or ask the site for help.")


class CaptchaInvalid(OTPError):
    """The site's bot check took this for no human being, or failed itself."""

    code = "captcha_invalid"
    status = 403
    message = _("not confirmed")
    long_message = _("We could not make sure that this is not a program. Reload the page and try again.")


class TransferRequired(OTPError):
    """The code was right, and nobody has the identifier yet: a sign-up may start with it proven."""

    code = "sign_up_if_missing_transfer"
    status = 404
    message = _("no account yet")
    long_message = _("There is no account with this yet. Go on to sign up.")


class TransferNotAllowed(OTPError):
    """`sign_up_if_missing` where sign-up is closed."""

    code = "sign_up_if_missing_not_allowed"
    status = 422
    message = _("sign-up is closed")
    long_message = _("This site takes no new accounts at the moment.")
    param = "sign_up_if_missing"


class TransferInvalid(OTPError):
    """Nothing was proven in this browser within the last minutes."""

    code = "account_transfer_invalid"
    message = _("nothing to transfer")
    long_message = _("There is nothing to go on from. Start the sign-up again.")


class IdentificationClaimed(OTPError):
    """Proven, but somebody's, who can't be signed in with it."""

    code = "identification_claimed"
    status = 409
    message = _("in use")
    long_message = _("This belongs to an account that can't be used here. Ask the site for help.")
