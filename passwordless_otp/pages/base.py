"""What every page says to browsers and caches."""

import logging
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError
from django.forms import Form
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.cache import patch_vary_headers
from django.views.generic import View

from passwordless_otp import clients, conf
from passwordless_otp.errors import FormatInvalid, OTPError, ResourceNotFound, ServiceUnavailable
from passwordless_otp.models import InstanceSettings
from passwordless_otp.pages import error_pages, forms, navigation

SELF = "default-src 'self'"
STYLESHEET = "passwordless_otp/passwordless_otp.css"


def seal(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Let nobody keep or frame the page, or run a script in it; set the client's cookie."""
    clients.remember(request, response)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Frame-Options"] = "DENY"
    response["Content-Security-Policy"] = _policy()
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def _policy() -> str:
    """Return the site's policy, which also has to let our stylesheet in from where the static files are."""
    policy: str = conf.get("CONTENT_SECURITY_POLICY")
    parts = urlsplit(_stylesheet())
    if not parts.netloc:
        return policy
    origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme else parts.netloc
    return policy.replace(SELF, f"{SELF} {origin}", 1)


def _stylesheet() -> str:
    """Return where the stylesheet is: the storage of the static files knows, and may not have it yet."""
    try:
        return static(STYLESHEET)
    except Exception:
        return str(settings.STATIC_URL or "")


logger = logging.getLogger("passwordless_otp.pages")


class Page(View):
    """One page. `start` names the page to which a visitor without an open flow goes.

    `unreadable` is why the request could not be read, if it could not.
    """

    http_method_names = ["get", "head", "post", "options"]
    start = "sign_in"
    unreadable: OTPError | None = None
    form: Form | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, also without a database."""
        try:
            response = self._answer(request)
        except DatabaseError as error:
            logger.error("%s: %s", ServiceUnavailable.code, type(error).__name__)
            response = self.notice(ServiceUnavailable(), InstanceSettings(pk=1))
        return seal(request, response)

    def refused(self, error: OTPError) -> HttpResponseBase:
        """Answer a refusal: start again, a page that says why, or the same page with the error at its field."""
        if isinstance(error, ResourceNotFound):
            return self.go(self.start)
        if error_pages.heading(error):
            return self.notice(error, self.settings)
        self.client.reread()
        try:
            return self.show(error)
        except ResourceNotFound:
            return self.go(self.start)

    def show(self, error: OTPError | None = None) -> HttpResponseBase:
        """Show the page as things stand."""
        raise NotImplementedError

    def make_form(self, data: dict[str, str] | None = None) -> Form:
        """Make the page's form."""
        raise NotImplementedError

    def given(self) -> dict[str, str]:
        """Return what was filled in. Raises `FormatInvalid` where the form has found something wrong."""
        self.form = self.make_form(forms.plain(self.request.POST))
        if not self.form.is_valid():
            raise FormatInvalid
        return dict(self.form.cleaned_data)

    def go(self, name: str) -> HttpResponseBase:
        """Send the visitor to another page."""
        return navigation.SeeOther(self.path(name))

    def path(self, name: str, **query: str) -> str:
        """Return the path of one of our pages."""
        return navigation.page_path(self.request, name, **query)

    def notice(self, error: OTPError, settings: InstanceSettings) -> HttpResponseBase:
        """Show a page that has nothing to fill in. Asks the database nothing."""
        context = {"heading": error_pages.heading(error), "links": error_pages.links(error, self.request)}
        return self.render("error.html", error, settings, **context)

    def render(
        self, template: str, error: OTPError | None = None, settings: InstanceSettings | None = None, **more: Any
    ) -> HttpResponseBase:
        """Show a template, with the status and the words of `error`."""
        form = more.get("form")
        said = error_pages.place(error, form) if error else ""
        if form is not None:
            forms.focus(form)
        context = {
            "settings": settings or self.settings,
            "error": said,
            "next": navigation.next_path(self.request),
            "sign_in_url": self.path("sign_in"),
            "sign_up_url": self.path("sign_up"),
            "sign_out_url": self.path("sign_out"),
            **more,
        }
        status = error.status if error else 200
        response = render(self.request, f"passwordless_otp/{template}", context, status=status)
        if error and error.retry_after:
            response["Retry-After"] = str(error.retry_after)
        return response

    @property
    def after(self) -> str:
        """Where somebody who is signed in goes on to."""
        return navigation.after_sign_in(self.request)

    @property
    def settings(self) -> InstanceSettings:
        """What the operator has set."""
        return self.client.settings

    @property
    def client(self) -> clients.Client:
        """The browser."""
        return clients.current(self.request)

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            if self.unreadable:
                raise self.unreadable
            return super().dispatch(request)
        except OTPError as error:
            logger.info("%s", error.code)
            return self.refused(error)
