"""Forms for the site's own pages, and the script that loads the JavaScript client."""

from typing import Any

from django import template
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.template import Context
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from passwordless_otp import links
from passwordless_otp.errors import SignUpClosed
from passwordless_otp.models import InstanceSettings
from passwordless_otp.pages import navigation
from passwordless_otp.pages.base import display_name
from passwordless_otp.pages.forms import SignInForm, SignUpForm, with_fields_of_site

register = template.Library()
FORM = "passwordless_otp/tags/form.html"
OFF = gettext_noop("Signing in by code is switched off on this site. Please come back later.")


@register.inclusion_tag(FORM, takes_context=True)
def otp_sign_in(context: Context, next: str = "", submit: str = "") -> dict[str, Any]:  # noqa: A002 - what a template writes
    """Show the form of the sign-in page; afterwards people go to `next`."""
    request, current = _request_of(context), InstanceSettings.current()
    form = SignInForm(current, auto_id=_ids(request, "otp_sign_in"))
    shared = _shared(request, current, next, submit or _("Continue"))
    return {**shared, "form": form, "action": links.path("sign_in")}


@register.inclusion_tag(FORM, takes_context=True)
def otp_sign_up(context: Context, next: str = "", submit: str = "") -> dict[str, Any]:  # noqa: A002 - what a template writes
    """Show the form of the sign-up page; afterwards people go to `next`."""
    request, current = _request_of(context), InstanceSettings.current()
    shared = _shared(request, current, next, submit or _("Create an account"))
    form_class: Any = with_fields_of_site(SignUpForm)
    if not current.sign_up_open:
        shared["note"] = shared["note"] or SignUpClosed.long_message
    return {
        **shared,
        "form": form_class(current, {}, auto_id=_ids(request, "otp_sign_up")),
        "action": links.path("sign_up"),
        "afresh": True,  # what is proven of another sign-up is not asked for there, and is here
    }


@register.simple_tag(takes_context=True)
def otp_client(context: Context) -> SafeString:
    """Load the JavaScript client, which then knows where the API is and how to send the CSRF token."""
    get_token(_request_of(context))  # so that there is a cookie to read
    return format_html(
        '<script src="{}" data-otp-base-url="{}" data-otp-csrf-cookie="{}" data-otp-csrf-header="{}"></script>',
        static("passwordless_otp/client.js"),
        links.path("environment").removesuffix("v1/environment"),
        settings.CSRF_COOKIE_NAME,
        settings.CSRF_HEADER_NAME.removeprefix("HTTP_").replace("_", "-"),
    )


def _shared(request: HttpRequest, current: InstanceSettings, place: str, submit: str) -> dict[str, Any]:
    """Return what both forms need, or who is signed in already, or why there is no form."""
    user = getattr(request, "user", None)
    place = (place or navigation.next_path(request)) + ""  # a template's literal counts as HTML: make it text
    return {
        "next": place,
        "submit": submit + "",
        "note": "" if current.kinds else _(OFF),
        "name": display_name(user) if user is not None and user.is_authenticated else "",
        "after": place or navigation.after_sign_in(request),
        "sign_out_url": links.path("sign_out"),
    }


def _request_of(context: Context) -> HttpRequest:
    request: HttpRequest | None = getattr(context, "request", None) or context.get("request")
    if request is None:
        text = "The tags of passwordless_otp need the request: render the page with render()."
        raise ImproperlyConfigured(text)
    return request


def _ids(request: HttpRequest, name: str) -> str:
    """Return a pattern for the ids of a form's fields, another one for each form on the page."""
    number = getattr(request, "_passwordless_otp_forms", 0) + 1
    request._passwordless_otp_forms = number  # type: ignore[attr-defined]
    return f"{name}_{number}_%s"
