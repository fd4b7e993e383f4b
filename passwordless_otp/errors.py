"""All errors that a visitor can see: their codes, statuses and texts.

First the base class, then the errors by subject. Flows raise them; the API and the pages turn them into answers.
docs/api.md lists them. A site may derive its own from `OTPError`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

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

    code, status = "form_param_missing", 422
    message, long_message = _("is missing"), _("Fill in this field.")


class FormatInvalid(OTPError):
    """Raised for a value that can't be parsed, such as an email address without a domain."""

    code, status = "form_param_format_invalid", 422
    message, long_message = _("has the wrong format"), _("This can't be read. Check what you typed.")


class ValueInvalid(OTPError):
    """Raised for a value that can be parsed but is none of those allowed."""

    code, status = "form_param_value_invalid", 422
    message, long_message = _("is not allowed"), _("This value is not allowed here.")


class ValueDisabled(OTPError):
    """Raised if the operator has switched off this kind of identifier, or the strategy that proves it."""

    code = "form_param_value_disabled"
    message, long_message = _("is switched off"), _("This site does not use this. Choose another way.")


class StrategyInvalid(OTPError):
    """Raised if the strategy can prove none of the flow's identifiers."""

    code, param = "strategy_for_user_invalid", "strategy"
    message, long_message = _("does not fit"), _("A code can't be sent this way here. Choose another way.")


# Identifiers: whose they are, and whether messages may go to them.


class IdentifierNotFound(OTPError):
    """Raised at sign-in if no user has the identifier, with enumeration protection off only."""

    code, status, param = "form_identifier_not_found", 422, "identifier"
    message, long_message = _("is unknown"), _("There is no account with this. Check it, or sign up.")


class IdentifierExists(OTPError):
    """Raised if a username is taken; for an identifier with enumeration protection off only."""

    code, status = "form_identifier_exists", 422
    message, long_message = _("is taken"), _("This is taken. Choose another, or sign in.")


class IdentificationClaimed(OTPError):
    """Raised after proof if the identifier belongs to an account that may not be signed in to with it."""

    code, status = "identification_claimed", 409
    message = _("in use")
    long_message = _("This belongs to an account that can't be used here. Ask the site for help.")

    def __init__(self, long_message: StrPromise | str | None = None, other_login_url: str = "") -> None:
        super().__init__(long_message=long_message)
        self.other_login_url = other_login_url  # OTHER_LOGIN_URL, where that may lead into the account


class CountryUnsupported(OTPError):
    """Raised if SMS are not sent to numbers of this country, prefix or type."""

    code, status, param = "unsupported_country_code", 403, "phone_number"
    message = _("is not supported")
    long_message = _("Codes can't be sent to numbers of this country or kind. Use another one.")


# Codes and their verifications.


class CodeIncorrect(OTPError):
    """Raised for a code that was compared and is wrong, or for a text that can't be a code."""

    code, status, param = "form_code_incorrect", 422, "code"
    message = _("is incorrect")
    long_message = _("This code is not right. Check the newest message and type it again.")


class VerificationMissing(OTPError):
    """Raised at an attempt if no code was asked for."""

    code = "verification_missing"
    message, long_message = _("no code was sent"), _("Ask for a code first.")


class VerificationExpired(OTPError):
    """Raised if the code, the proof in a sign-up, or the whole flow is too old."""

    code = "verification_expired"
    message, long_message = _("has expired"), _("This code has expired. Ask for a new one.")


class VerificationFailed(OTPError):
    """Raised if the tries of the verification are used up."""

    code = "verification_failed"
    message, long_message = _("too many wrong codes"), _("Too many wrong codes. Start again to get a new one.")


class AlreadyVerified(OTPError):
    """Raised if the code has been accepted before. It works once."""

    code = "verification_already_verified"
    message = _("already used")
    long_message = _("This code has been used. If you are not signed in, request a new one.")


class TooManyCodes(OTPError):
    """Raised if a flow has asked for as many messages as it may send."""

    code, status = "verification_code_too_many_requests", 429
    message = _("too many codes")
    long_message = _("Too many codes were sent. Use the newest one, or start again later.")


# Sign-up: who may create an account.


class SignUpClosed(OTPError):
    """Raised if the operator accepts no new users."""

    code, status = "sign_up_mode_restricted", 403
    message, long_message = _("sign-up is closed"), _("This site takes no new accounts at the moment.")


class EmailAddressBlocked(OTPError):
    """Raised at sign-up for an email address that a restriction blocks, whether or not a user has it."""

    code, status, param = "form_email_address_blocked", 403, "email_address"
    message = _("is not accepted")
    long_message = _("This email address can't be used to sign up here. Use another one.")


class NotAllowedAccess(OTPError):
    """Raised at sign-up if restrictions block the phone number, or allow other identifiers only."""

    code, status = "not_allowed_access", 403
    message = _("is not allowed")
    long_message = _("This can't be used to sign up here. Use another one, or ask the site for help.")


class CaptchaInvalid(OTPError):
    """Raised if the site's bot check does not accept the request, or fails."""

    code, status = "captcha_invalid", 403
    message = _("not confirmed")
    long_message = _("We could not make sure that this is not a program. Reload the page and try again.")


# Transfer: a sign-in that goes on as a sign-up.


class TransferRequired(OTPError):
    """Raised after the right code for an identifier without an account: a sign-up may go on with the proof."""

    code, status = "sign_up_if_missing_transfer", 404
    message, long_message = _("no account yet"), _("There is no account with this yet. Go on to sign up.")


class TransferNotAllowed(OTPError):
    """Raised for `sign_up_if_missing` if sign-up is closed."""

    code, status, param = "sign_up_if_missing_not_allowed", 422, "sign_up_if_missing"
    message, long_message = _("sign-up is closed"), _("This site takes no new accounts at the moment.")


class TransferInvalid(OTPError):
    """Raised for a transfer if no proof of this browser is waiting, or it is older than ten minutes."""

    code = "account_transfer_invalid"
    message = _("nothing to transfer")
    long_message = _("There is nothing to go on from. Start the sign-up again.")


# Sessions, and where a request comes from.


class SignedOut(OTPError):
    """Raised if a call needs a session and comes without one."""

    code, status = "signed_out", 401
    message, long_message = _("signed out"), _("You are signed out. Sign in first.")


class SecondFactorRequired(OTPError):
    """Raised after the right code where the site has a step of its own before the login: see `redirect_url`."""

    code, status = "second_factor_required", 403
    message, long_message = _("one more step"), _("One more step is needed before you are signed in.")

    def __init__(self, redirect_url: str = "") -> None:
        super().__init__()
        self.redirect_url = redirect_url  # a path of this site, where the visitor goes on


class SessionExists(OTPError):
    """Raised if somebody is signed in already."""

    code = "session_exists"
    message, long_message = _("already signed in"), _("You are already signed in.")


class OriginRefused(OTPError):
    """Raised against cross-site request forgery. A proxy that changes the host causes it as well."""

    code, status = "request_origin_refused", 403
    message = _("origin refused")
    long_message = _("This request came from a page that may not make it. Reload the page and try again.")


# Requests that no view can answer.


class ResourceNotFound(OTPError):
    """Raised for a path or flow that does not exist, and for a flow of another client."""

    code, status = "resource_not_found", 404
    message, long_message = _("not found"), _("This was not found. Start again.")


class MethodNotAllowed(OTPError):
    """Raised for a method that the path does not answer."""

    code, status = "method_not_allowed", 405
    message, long_message = _("method not allowed"), _("This path does not answer to this method.")


class UnsupportedContentType(OTPError):
    """Raised for a body that is neither a form nor JSON."""

    code, status = "unsupported_content_type", 415
    message, long_message = _("unsupported content type"), _("Send a form or JSON.")


class RequestTooLarge(OTPError):
    """Raised for a body, or a number of fields, beyond what any of our forms can contain."""

    code, status = "request_too_large", 413
    message, long_message = _("request too large"), _("The request is too large.")


class BodyInvalid(OTPError):
    """Raised for a body that does not match its content type."""

    code = "request_body_invalid"
    message, long_message = _("body invalid"), _("The body can't be read as its content type says.")


# Limits and availability: the same request may work later.

HOUR = 3600  # seconds


class TooManyRequests(OTPError):
    """Raised if a rate limit is reached."""

    code, status = "too_many_requests", 429
    message, long_message = _("too many requests"), _("That was too often. Wait a while and try again.")

    def __init__(self, scope: str = "", retry_after: int = 0, *, of_source: bool = False) -> None:
        super().__init__(
            long_message=_try_again_in(retry_after) if retry_after else None, retry_after=retry_after
        )
        self.scope = scope  # the name of the limit, for the operator: no answer contains it
        self.of_source = of_source  # only the share of one source is used up


def _try_again_in(seconds: int) -> str:
    """Return a sentence with the time to wait, in minutes, or in hours from an hour on. Rounded up."""
    if seconds <= HOUR:
        number = math.ceil(seconds / 60)
        sentence = ngettext(
            "That was too often. Try again in %s minute.", "That was too often. Try again in %s minutes.", number
        )
    else:
        number = math.ceil(seconds / HOUR)
        sentence = ngettext(
            "That was too often. Try again in %s hour.", "That was too often. Try again in %s hours.", number
        )
    return sentence % number


class ServiceUnavailable(OTPError):
    """Raised if the database or the store of the sessions is busy or down. Nobody was signed in."""

    code, status, retry_after = "service_unavailable", 503, 1
    message, long_message = _("try again"), _("Something is busy. Try again in a moment.")

    @classmethod
    def until_repaired(cls) -> ServiceUnavailable:
        """Return the error with a text for a fault that waiting does not end, such as a missing table."""
        sentence = _(
            "Something on this site is broken, and trying again will not help. Please tell the people who run it."
        )
        error = cls(long_message=sentence)
        error.retry_after = 0
        return error
