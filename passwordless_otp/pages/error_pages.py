"""Where a page says why a step was refused: on a page of its own, above the form, or at a field."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from passwordless_otp import errors
from passwordless_otp.errors import OTPError
from passwordless_otp.models import InstanceSettings
from passwordless_otp.pages import navigation

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

# Refusals that leave nothing to fill in get a page of their own, with this heading.
HEADINGS: "dict[type[OTPError], StrPromise]" = {
    errors.AlreadyVerified: _("Already used"),
    errors.BodyInvalid: _("Please try again"),
    errors.IdentificationClaimed: _("This can't be used"),
    errors.OriginRefused: _("Please try again"),
    errors.RequestTooLarge: _("Too much at once"),
    errors.ServiceUnavailable: _("Please try again"),
    errors.SignUpClosed: _("No new accounts"),
}

# Said in place of the error's own words where the site has another login.
ELSEWHERE = _("There is an account with this email address or phone number already. Sign in to it another way.")


def heading(error: OTPError) -> str:
    """Return the heading of the page for this error; empty where the form itself says it."""
    if isinstance(error, errors.ServiceUnavailable) and not error.retry_after:
        return gettext("This does not work")
    return str(HEADINGS.get(type(error), ""))


def render_error(
    request: HttpRequest,
    error: OTPError,
    settings: InstanceSettings,
    extra: Mapping[str, Any] | None = None,
    start: str = "",
) -> HttpResponse:
    """Return the page for this error, with its status. Reads nothing from the database.

    `start` is where an error without a heading of its own leads to.
    """
    urls = navigation.urls(request)
    is_elsewhere = urls["other_login_url"] and error.long_message == errors.IdentificationClaimed.long_message
    context = {
        "settings": settings,
        "error": ELSEWHERE if is_elsewhere else error.long_message,
        "heading": heading(error) or gettext("Please start again"),
        "links": links(error, request) if heading(error) else [(start, _("Start again"))],
        **urls,
        **(extra or {}),
    }
    return add_status(render(request, "passwordless_otp/error.html", context), error)


def links(error: OTPError, request: HttpRequest) -> "list[tuple[str, StrPromise]]":
    """Return the ways on from this error, the best one first: the URL of each and its words."""
    sign_in = navigation.page_path(request, "sign_in")
    other = navigation.other_login(request)
    elsewhere: list[tuple[str, StrPromise]] = [(other, _("Sign in with your password"))] if other else []
    if isinstance(error, errors.AlreadyVerified):
        return [(navigation.after_sign_in(request), _("Continue")), (sign_in, _("Request a new code"))]
    if isinstance(error, errors.IdentificationClaimed):
        again = (navigation.page_path(request, "sign_up", new="1"), _("Use another"))
        return [*elsewhere, again, (sign_in, _("Sign in"))]
    if isinstance(error, errors.SignUpClosed):
        return [(sign_in, _("Sign in")), *elsewhere]
    if isinstance(error, errors.OriginRefused):
        return [(navigation.page_path(request, request.path), _("Try again")), *elsewhere]
    return [(navigation.page_path(request, request.path), _("Try again"))]


def place(error: OTPError, form: Form) -> str:
    """Add the error to its field, and return what is left to say above the form."""
    text = str(error.long_message)
    if not form.is_bound:
        return text
    if form.errors:  # the form has found something itself
        return ""
    if error.param not in form.fields:
        return text
    form.add_error(error.param, text)
    return ""


def add_status(response: HttpResponse, error: OTPError) -> HttpResponse:
    """Give the response the status of this error, and when to try again."""
    response.status_code = error.status
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response
