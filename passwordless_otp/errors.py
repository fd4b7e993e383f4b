"""All errors that a visitor can see: their codes, statuses and texts.

First the base class, then the errors by subject. Flows raise them; the API and the pages turn them into answers.
docs/api.md lists them. A site may derive its own from `OTPError`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class OTPError(Exception):
    """Base class of all errors: a request is refused, and the visitor is told why.

    `code` and `status` are the error on the wire; `message` and `long_message` are the texts for people. `param`
    names the input at fault. `retry_after` is in seconds, 0 where waiting does not help.
    """

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


# Input: a parameter or the body can't be accepted as it is.


class ParamMissing(OTPError):
    """Raised for a required parameter that is missing or empty."""

    code = "form_param_missing"
    status = 422
    message = _("is missing")
    long_message = _("Fill in this field.")


class FormatInvalid(OTPError):
    """Raised for a value that can't be parsed, such as an email address without a domain."""

    code = "form_param_format_invalid"
    status = 422
    message = _("has the wrong format")
    long_message = _("This can't be read. Check what you typed.")


class ValueInvalid(OTPError):
    """Raised for a value that can be parsed but is none of those allowed."""

    code = "form_param_value_invalid"
    status = 422
    message = _("is not allowed")
    long_message = _("This value is not allowed here.")


class ValueDisabled(OTPError):
    """Raised if the operator has switched off this kind of identifier, or the strategy that proves it."""

    code = "form_param_value_disabled"
    message = _("is switched off")
    long_message = _("This site does not use this. Choose another way.")


class StrategyInvalid(OTPError):
    """Raised if the strategy can prove none of the flow's identifiers."""

    code = "strategy_for_user_invalid"
    message = _("does not fit")
    long_message = _("A code can't be sent this way here. Choose another way.")
    param = "strategy"


# Identifiers: whose they are, and whether messages may go to them.


class IdentifierNotFound(OTPError):
    """Raised at sign-in if no user has the identifier, with enumeration protection off only."""

    code = "form_identifier_not_found"
    status = 422
    message = _("is unknown")
    long_message = _("There is no account with this. Check it, or sign up.")
    param = "identifier"


class IdentifierExists(OTPError):
    """Raised if a username is taken; for an identifier with enumeration protection off only."""

    code = "form_identifier_exists"
    status = 422
    message = _("is taken")
    long_message = _("This is taken. Choose another, or sign in.")


class IdentificationClaimed(OTPError):
    """Raised after proof if the identifier belongs to an account that may not be signed in to with it."""

    code = "identification_claimed"
    status = 409
    message = _("in use")
    long_message = _("This belongs to an account that can't be used here. Ask the site for help.")


class CountryUnsupported(OTPError):
    """Raised if SMS are not sent to numbers of this country, prefix or type."""

    code = "unsupported_country_code"
    status = 403
    message = _("is not supported")
    long_message = _("Codes can't be sent to numbers of this country or kind. Use another one.")
    param = "phone_number"


# Codes and their verifications.


class CodeIncorrect(OTPError):
    """Raised for a code that was compared and is wrong, or for a text that can't be a code."""

    code = "form_code_incorrect"
    status = 422
    message = _("is incorrect")
    long_message = _("This code is not right. Check the newest message and type it again.")
    param = "code"


class VerificationMissing(OTPError):
    """Raised at an attempt if no code was asked for."""

    code = "verification_missing"
    message = _("no code was sent")
    long_message = _("Ask for a code first.")


class VerificationExpired(OTPError):
    """Raised if the code or the whole flow is too old."""

    code = "verification_expired"
    message = _("has expired")
    long_message = _("This code has expired. Ask for a new one.")


class VerificationFailed(OTPError):
    """Raised if the tries of the verification are used up."""

    code = "verification_failed"
    message = _("too many wrong codes")
    long_message = _("Too many wrong codes. Start again to get a new one.")


class AlreadyVerified(OTPError):
    """Raised if the code has been accepted before. It works once."""

    code = "verification_already_verified"
    message = _("already used")
    long_message = _("This code was already used.")


class TooManyCodes(OTPError):
    """Raised if a flow has asked for as many messages as it may send."""

    code = "verification_code_too_many_requests"
    status = 429
    message = _("too many codes")
    long_message = _("Too many codes were sent. Use the newest one, or start again later.")


# Sign-up: who may create an account.


class SignUpClosed(OTPError):
    """Raised if the operator accepts no new users."""

    code = "sign_up_mode_restricted"
    status = 403
    message = _("sign-up is closed")
    long_message = _("This site takes no new accounts at the moment.")


class EmailAddressBlocked(OTPError):
    """Raised at sign-up for an email address that a restriction blocks, whether or not a user has it."""

    code = "form_email_address_blocked"
    status = 403
    message = _("is not accepted")
    long_message = _("This email address can't be used to sign up here. Use another one.")
    param = "email_address"


class NotAllowedAccess(OTPError):
    """Raised at sign-up if restrictions block the phone number, or allow other identifiers only."""

    code = "not_allowed_access"
    status = 403
    message = _("is not allowed")
    long_message = _("This can't be used to sign up here. Use another one, or ask the site for help.")


class CaptchaInvalid(OTPError):
    """Raised if the site's bot check does not accept the request, or fails."""

    code = "captcha_invalid"
    status = 403
    message = _("not confirmed")
    long_message = _("We could not make sure that this is not a program. Reload the page and try again.")


# Transfer: a sign-in that goes on as a sign-up.


class TransferRequired(OTPError):
    """Raised after the right code for an identifier without an account: a sign-up may go on with the proof."""

    code = "sign_up_if_missing_transfer"
    status = 404
    message = _("no account yet")
    long_message = _("There is no account with this yet. Go on to sign up.")


class TransferNotAllowed(OTPError):
    """Raised for `sign_up_if_missing` if sign-up is closed."""

    code = "sign_up_if_missing_not_allowed"
    status = 422
    message = _("sign-up is closed")
    long_message = _("This site takes no new accounts at the moment.")
    param = "sign_up_if_missing"


class TransferInvalid(OTPError):
    """Raised for a transfer if no proof of this browser is waiting, or it is older than ten minutes."""

    code = "account_transfer_invalid"
    message = _("nothing to transfer")
    long_message = _("There is nothing to go on from. Start the sign-up again.")


# Sessions, and where a request comes from.


class SignedOut(OTPError):
    """Raised if a call needs a session and comes without one."""

    code = "signed_out"
    status = 401
    message = _("signed out")
    long_message = _("You are signed out. Sign in first.")


class SessionExists(OTPError):
    """Raised if somebody is signed in already."""

    code = "session_exists"
    message = _("already signed in")
    long_message = _("You are already signed in.")


class OriginRefused(OTPError):
    """Raised against cross-site request forgery. A proxy that changes the host causes it as well."""

    code = "request_origin_refused"
    status = 403
    message = _("origin refused")
    long_message = _("This request came from a page that may not make it. Reload the page and try again.")


# Requests that no view can answer.


class ResourceNotFound(OTPError):
    """Raised for a path or flow that does not exist, and for a flow of another client."""

    code = "resource_not_found"
    status = 404
    message = _("not found")
    long_message = _("This was not found. Start again.")


class MethodNotAllowed(OTPError):
    """Raised for a method that the path does not answer."""

    code = "method_not_allowed"
    status = 405
    message = _("method not allowed")
    long_message = _("This path does not answer to this method.")


class UnsupportedContentType(OTPError):
    """Raised for a body that is neither a form nor JSON."""

    code = "unsupported_content_type"
    status = 415
    message = _("unsupported content type")
    long_message = _("Send a form or JSON.")


class RequestTooLarge(OTPError):
    """Raised for a body, or a number of fields, beyond what any of our forms can contain."""

    code = "request_too_large"
    status = 413
    message = _("request too large")
    long_message = _("The request is too large.")


class BodyInvalid(OTPError):
    """Raised for a body that does not match its content type."""

    code = "request_body_invalid"
    message = _("body invalid")
    long_message = _("The body can't be read as its content type says.")


# Limits and availability: the same request may work later.

HOUR = 3600  # seconds


class TooManyRequests(OTPError):
    """Raised if a rate limit is reached. `scope` names the limit for the operator; no answer contains it."""

    code = "too_many_requests"
    status = 429
    message = _("too many requests")
    long_message = _("That was too often. Wait a while and try again.")

    def __init__(self, scope: str = "", retry_after: int = 0) -> None:
        super().__init__(
            long_message=_try_again_in(retry_after) if retry_after else None, retry_after=retry_after
        )
        self.scope = scope


def _try_again_in(seconds: int) -> Any:
    """Return a sentence with the time to wait, in minutes, or in hours from an hour on. Rounded up."""
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
    """Raised if the database is busy or down. Nobody was signed in."""

    code = "service_unavailable"
    status = 503
    message = _("try again")
    long_message = _("Something is busy. Try again in a moment.")
    retry_after = 1


__all__ = [
    "AlreadyVerified",
    "BodyInvalid",
    "CaptchaInvalid",
    "CodeIncorrect",
    "CountryUnsupported",
    "EmailAddressBlocked",
    "FormatInvalid",
    "IdentificationClaimed",
    "IdentifierExists",
    "IdentifierNotFound",
    "MethodNotAllowed",
    "NotAllowedAccess",
    "OTPError",
    "OriginRefused",
    "ParamMissing",
    "RequestTooLarge",
    "ResourceNotFound",
    "ServiceUnavailable",
    "SessionExists",
    "SignUpClosed",
    "SignedOut",
    "StrategyInvalid",
    "TooManyCodes",
    "TooManyRequests",
    "TransferInvalid",
    "TransferNotAllowed",
    "TransferRequired",
    "UnsupportedContentType",
    "ValueDisabled",
    "ValueInvalid",
    "VerificationExpired",
    "VerificationFailed",
    "VerificationMissing",
]
