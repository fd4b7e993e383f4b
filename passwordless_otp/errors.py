"""What every refusal has."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class OTPError(Exception):
    """A refusal. `param` names the input at fault; `retry_after` is in seconds."""

    code = ""
    status = 400
    message: StrPromise | str = ""
    long_message: StrPromise | str = ""
    param = ""
    retry_after = 0

    def __init__(
        self,
        param: str = "",
        long_message: StrPromise | str | None = None,
        retry_after: int = 0,
        *,
        compared: UUID | None = None,
        is_proven: bool = False,
    ) -> None:
        self.compared = compared  # the id of the verification whose code was compared, and was wrong
        self.is_proven = is_proven  # something was proven before this refusal: the browser's cookie has moved
        self.param = param or self.param
        self.long_message = self.long_message if long_message is None else long_message
        self.retry_after = retry_after or self.retry_after
        super().__init__(self.code)


class ParamMissing(OTPError):
    """A field that has to be there is not."""

    code = "form_param_missing"
    status = 422
    message = _("is missing")
    long_message = _("Fill in this field.")


class FormatInvalid(OTPError):
    """It can't be read as what it should be."""

    code = "form_param_format_invalid"
    status = 422
    message = _("has the wrong format")
    long_message = _("This can't be read. Check what you typed.")


class ValueInvalid(OTPError):
    """It can be read, but is none of the values allowed."""

    code = "form_param_value_invalid"
    status = 422
    message = _("is not allowed")
    long_message = _("This value is not allowed here.")


class ValueDisabled(OTPError):
    """The operator has switched this kind of contact, or its strategy, off."""

    code = "form_param_value_disabled"
    message = _("is switched off")
    long_message = _("This site does not use this. Choose another way.")


class StrategyInvalid(OTPError):
    """The strategy proves none of this flow's identifiers."""

    code = "strategy_for_user_invalid"
    message = _("does not fit")
    long_message = _("A code can't be sent this way here. Choose another way.")
    param = "strategy"


class IdentifierNotFound(OTPError):
    """Nobody has it. Only said with enumeration protection off."""

    code = "form_identifier_not_found"
    status = 422
    message = _("is unknown")
    long_message = _("There is no account with this. Check it, or sign up.")
    param = "identifier"


class IdentifierExists(OTPError):
    """Somebody has it. Said of a username; of an identifier only with enumeration protection off."""

    code = "form_identifier_exists"
    status = 422
    message = _("is taken")
    long_message = _("This is taken. Choose another, or sign in.")


class CountryUnsupported(OTPError):
    """No SMS goes to numbers of this country, prefix or type."""

    code = "unsupported_country_code"
    status = 403
    message = _("is not supported")
    long_message = _("Codes can't be sent to numbers of this country or kind. Use another one.")
    param = "phone_number"


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


class OriginRefused(OTPError):
    """Cross-site request forgery, or a misconfigured proxy."""

    code = "request_origin_refused"
    status = 403
    message = _("origin refused")
    long_message = _("This request came from a page that may not make it. Reload the page and try again.")


class SignedOut(OTPError):
    """A call that needs a session came without it."""

    code = "signed_out"
    status = 401
    message = _("signed out")
    long_message = _("You are signed out. Sign in first.")


class SessionExists(OTPError):
    """Somebody is signed in here already."""

    code = "session_exists"
    message = _("already signed in")
    long_message = _("You are already signed in.")


class ResourceNotFound(OTPError):
    """No such thing, or not in this client."""

    code = "resource_not_found"
    status = 404
    message = _("not found")
    long_message = _("This was not found. Start again.")


class UnsupportedContentType(OTPError):
    """Neither a form nor JSON."""

    code = "unsupported_content_type"
    status = 415
    message = _("unsupported content type")
    long_message = _("Send a form or JSON.")


class MethodNotAllowed(OTPError):
    """The path exists, the method does not."""

    code = "method_not_allowed"
    status = 405
    message = _("method not allowed")
    long_message = _("This path does not answer to this method.")


class RequestTooLarge(OTPError):
    """More than any of our forms could hold."""

    code = "request_too_large"
    status = 413
    message = _("request too large")
    long_message = _("The request is too large.")


class BodyInvalid(OTPError):
    """The body is not what its content type says."""

    code = "request_body_invalid"
    message = _("body invalid")
    long_message = _("The body can't be read as its content type says.")


HOUR = 3600  # seconds


class TooManyRequests(OTPError):
    """A limit was reached. `scope` names it to the operator; no answer does."""

    code = "too_many_requests"
    status = 429
    message = _("too many requests")
    long_message = _("That was too often. Wait a while and try again.")

    def __init__(self, scope: str = "", retry_after: int = 0) -> None:
        super().__init__(long_message=_when(retry_after) if retry_after else None, retry_after=retry_after)
        self.scope = scope


def _when(seconds: int) -> Any:
    if seconds <= HOUR:
        minutes = math.ceil(seconds / 60)
        return (
            ngettext_lazy(
                "That was too often. Try again in %s minute.",
                "That was too often. Try again in %s minutes.",
                minutes,
            )
            % minutes
        )
    hours = math.ceil(seconds / HOUR)
    return (
        ngettext_lazy(
            "That was too often. Try again in %s hour.", "That was too often. Try again in %s hours.", hours
        )
        % hours
    )


class ServiceUnavailable(OTPError):
    """The database is busy or down; nobody was signed in."""

    code = "service_unavailable"
    status = 503
    message = _("try again")
    long_message = _("Something is busy. Try again in a moment.")
    retry_after = 1
