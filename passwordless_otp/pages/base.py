"""What all pages share: how a refusal is answered, and what browsers and caches are told."""

import logging
from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.db import DatabaseError, router
from django.db.transaction import non_atomic_requests
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt, csrf_protect, requires_csrf_token
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView
from rest_framework.authentication import CSRFCheck

from passwordless_otp import clients, conf
from passwordless_otp.errors import (
    FormatInvalid,
    OTPError,
    ResourceNotFound,
    SecondFactorRequired,
    ServiceUnavailable,
    SignUpClosed,
)
from passwordless_otp.models import Identifier, InstanceSettings
from passwordless_otp.models.base import diagnose
from passwordless_otp.pages import csrf, error_pages, forms, navigation
from passwordless_otp.pages.navigation import SeeOther

logger = logging.getLogger("passwordless_otp.pages")

SELF = "default-src 'self'"
STYLESHEET = "passwordless_otp/passwordless_otp.css"


class PageView(FormView):
    """A page with a form. `form_valid` runs a step of a flow; what the step refuses is answered here."""

    http_method_names = ["get", "head", "post", "options"]
    start_page = "sign_in"  # the name of the page where a visitor without an open flow goes
    signed_out_only = False  # whether the form is refused to who is signed in already
    needs_session_store = True
    repeatable: Collection[str] = ()  # fields that may be posted more than once, such as a multiple choice
    data: Mapping[str, Any] | None = None  # what was posted
    refused: OTPError | None = None  # why no step may run: the request can't be read, or may be another site's
    client: clients.Client

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        """Return the view, which needs no login and runs in no transaction: a wrong code stays counted.

        Origin, referer and CSRF token are checked here. Django's middleware would read the body before this view
        can answer one that is too large or can't be read, and would answer with Django's own page.
        """
        make_view: Callable[..., Callable[..., HttpResponseBase]] = super().as_view
        plain_view = make_view(**initkwargs)
        protected_view = csrf_protect(plain_view)

        @wraps(plain_view)
        def view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            try:
                forms.read_request(request)
                check = CSRFCheck(HttpResponse)  # Django's whole check, without its page
                check.process_request(request)
                if reason := check.process_view(request, HttpResponse, (), {}):
                    raise csrf.refusal(request, str(reason))
            except OTPError as error:
                return requires_csrf_token(make_view(**initkwargs, refused=error))(request, *args, **kwargs)
            return protected_view(request, *args, **kwargs)

        function: Any = login_not_required(csrf_exempt(sensitive_post_parameters("code")(view)))
        for alias in settings.DATABASES:
            function = non_atomic_requests(using=alias)(function)
        function.is_otp_page = True  # by which other pages know where they may link to
        return function

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer a failing database with a page that needs none."""
        self.client = clients.current(request)
        try:
            response = self._dispatch(request, *args, **kwargs)
        except (DatabaseError, ServiceUnavailable) as error:
            told, cause = diagnose(error)
            logger.error("%s: %s", told.code, cause)
            response = error_pages.render_error(
                request, told, vars(self.client).get("settings") or InstanceSettings(pk=1)
            )
        clients.remember(request, response)
        return add_headers(response)

    def _dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            if self.refused:
                raise self.refused
            if self.needs_session_store and type(request.session) is not DatabaseSession:
                clients.require_store(request)
            return super().dispatch(request, *args, **kwargs)
        except ServiceUnavailable:
            raise
        except OTPError as error:
            logger.info("%s", error.code)
            return self.handle_error(error)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the page. Changes nothing and sends nothing."""
        return self.show()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Validate the form. Raises `SessionExists`, and `FormatInvalid` for a field that came twice."""
        if self.signed_out_only:
            clients.refuse_session(request)
        self.data = forms.plain(request.POST, self.repeatable)
        return super().post(request, *args, **kwargs)

    def form_invalid(self, form: Form) -> HttpResponse:
        """Show the form again. No step has run, so nothing is read again."""
        error = FormatInvalid()
        logger.info("%s", error.code)
        return error_pages.add_status(self.show(error), error)

    def handle_error(self, error: OTPError) -> HttpResponse:
        """Answer a refusal: the first page, a page that says why, or this page with the error at its field."""
        if isinstance(error, SecondFactorRequired):
            clients.keep_next(self.request, navigation.after_sign_in(self.request, self.success_url))
            return SeeOther(error.redirect_url)
        if isinstance(error, ResourceNotFound):
            return self.handle_lost(error)
        if error_pages.heading(error):
            return error_pages.render_error(self.request, error, self.client.settings, self.extra_context)
        self.client.reread()
        try:
            return error_pages.add_status(self.show(error), error)
        except (ResourceNotFound, SignUpClosed) as reason:
            return self.handle_error(reason)

    def handle_lost(self, error: OTPError) -> HttpResponse:
        """Answer where this browser has no flow to go on with. What was handed in is never dropped in silence."""
        if self.refused and self.request.user.is_authenticated:  # by another tab, which has replaced the token
            return error_pages.add_status(self.show_without_form() or HttpResponse(), self.refused)
        if self.request.method != "POST" or self.request.user.is_authenticated:
            return SeeOther(navigation.page_path(self.request, self.start_page))
        told = self.refused if isinstance(self.refused, csrf.NoCookies) else error
        start = navigation.page_path(self.request, self.start_page)
        return error_pages.render_error(self.request, told, self.client.settings, self.extra_context, start)

    def show(self, error: OTPError | None = None) -> HttpResponse:
        """Render the page as things stand, with the words of `error`."""
        form = self.get_form()
        words = error_pages.place(error, form) if error else ""
        forms.focus(form)
        return self.render_to_response(self.get_context_data(form=form, error=words))

    def show_without_form(self, error: OTPError | None = None) -> HttpResponse | None:
        """Return what sign-in and sign-up show where there is nothing to fill in; `None` where there is."""
        user = self.request.user
        shared = {"settings": self.client.settings, "error": error.long_message if error else ""}
        shared |= {**navigation.urls(self.request), **(self.extra_context or {})}
        if user.is_authenticated:
            shared |= {"name": display_name(user), "after": self.get_success_url()}
            return render(self.request, "passwordless_otp/signed_in.html", shared)
        if not self.client.settings.kinds:
            return render(self.request, "passwordless_otp/nothing.html", shared)
        return None

    def get_form_kwargs(self) -> dict[str, Any]:
        """Fill the form with what was posted, if it was one text a field."""
        initial = {**self.get_initial(), **self.get_typed()} if self.refused else self.get_initial()
        return {"initial": initial, "prefix": self.get_prefix(), "data": self.data}

    def get_typed(self) -> dict[str, Any]:
        """Return what was typed into a form whose token was out of date: it is shown again, and not judged."""
        try:
            posted = forms.plain(self.request.POST, self.repeatable)
        except FormatInvalid:
            return {}
        return {name: posted.getlist(name) if name in self.repeatable else posted[name] for name in posted}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add what every template knows."""
        shared = {"settings": self.client.settings, "error": "", **navigation.urls(self.request)}
        return super().get_context_data(**{**shared, **kwargs})

    def get_success_url(self) -> str:
        """Return where people go who are signed in: `next`, else `success_url`, else `LOGIN_REDIRECT_URL`."""
        return navigation.after_sign_in(self.request, self.success_url)

    def render_to_response(self, context: dict[str, Any], **response_kwargs: Any) -> HttpResponse:
        """Render at once, so that `dispatch` answers a database that fails meanwhile."""
        response: Any = super().render_to_response(context, **response_kwargs)
        rendered: HttpResponse = response.render()
        return rendered


def add_headers(response: HttpResponseBase) -> HttpResponseBase:
    """Forbid to store or frame the page, or to run foreign scripts. The policy gets our stylesheet's origin."""
    policy: str = conf.get("CONTENT_SECURITY_POLICY")
    try:
        stylesheet = urlsplit(static(STYLESHEET))
    except Exception:  # a storage with a manifest, before `collectstatic`
        stylesheet = urlsplit(str(settings.STATIC_URL or ""))
    if stylesheet.netloc:
        origin = f"{stylesheet.scheme}://{stylesheet.netloc}" if stylesheet.scheme else stylesheet.netloc
        policy = policy.replace(SELF, f"{SELF} {origin}", 1)
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    response["X-Frame-Options"] = "DENY"
    response["Content-Security-Policy"] = policy
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    return response


def display_name(user: Any) -> str:
    """Return the user's full name, else their identifier: a login name may be random."""
    full = user.get_full_name() if hasattr(user, "get_full_name") else ""
    if full:
        return str(full)
    own = Identifier.objects.using(router.db_for_write(Identifier)).filter(user_id=user.pk)
    first = own.order_by("-primary", "kind").values_list("value", flat=True).first()
    return str(first or user.get_username())
