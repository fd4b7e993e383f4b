"""A refusal → where on a page it is said."""

from typing import TYPE_CHECKING

from django.forms import Form
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from passwordless_otp import errors
from passwordless_otp.errors import OTPError
from passwordless_otp.pages import navigation

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Refusals that leave nothing to fill in, and what is written above them.
HEADINGS: "dict[type[OTPError], StrPromise]" = {
    errors.AlreadyVerified: _("Already used"),
    errors.BodyInvalid: _("Please try again"),
    errors.IdentificationClaimed: _("This can't be used"),
    errors.RequestTooLarge: _("Too much at once"),
    errors.ServiceUnavailable: _("Please try again"),
    errors.SignUpClosed: _("No new accounts"),
}


def heading(error: OTPError) -> str:
    """Return the heading of the page that says so; empty where the form itself does."""
    return str(HEADINGS.get(type(error), ""))


def links(error: OTPError, request: HttpRequest) -> "list[tuple[str, StrPromise]]":
    """Return the ways on, each with its words; the first is the best."""
    sign_in = navigation.page_path(request, "sign_in")
    if isinstance(error, errors.AlreadyVerified):
        return [(navigation.after_sign_in(request), _("Continue")), (sign_in, _("Start again"))]
    if isinstance(error, errors.IdentificationClaimed):
        return [(navigation.page_path(request, "sign_up", new="1"), _("Use another")), (sign_in, _("Sign in"))]
    if isinstance(error, errors.SignUpClosed):
        return [(sign_in, _("Sign in"))]
    return [(navigation.with_next(request, request.path), _("Try again"))]


def place(error: OTPError, form: Form | None) -> str:
    """Say it at the field at fault. Returns what is left to be said above the form."""
    text = str(error.long_message)
    if form is None or not form.is_bound:
        return text
    if form.errors:  # the form has found something itself
        return ""
    if error.param not in form.fields:
        return text
    form.add_error(error.param, text)
    return ""
