"""What is wrong with a request, whatever it asks for."""

import math
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from passwordless_otp.errors.refusal import OTPError


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
