"""Paths of the pages."""

from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponseBase
from django.urls import path
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters

from passwordless_otp.errors import OTPError
from passwordless_otp.pages import forms, not_me, sign_in, sign_out, sign_up
from passwordless_otp.pages.base import Page


def page(view: type[Page]) -> Any:
    """Return the view: for everybody, and outside of any request's transaction, so that a wrong code costs.

    The token is asked for here and not by the site's middleware, which would read the body first: what can't
    be read gets a page of ours.
    """
    protected = csrf_protect(view.as_view())

    @wraps(protected)
    def answer(request: HttpRequest, **named: str) -> HttpResponseBase:
        try:
            forms.read_request(request)
        except OTPError as error:
            return view.as_view(unreadable=error)(request, **named)
        return protected(request, **named)

    function: Any = login_not_required(csrf_exempt(sensitive_post_parameters("code")(answer)))
    for alias in settings.DATABASES:
        function = non_atomic_requests(using=alias)(function)
    return function


urlpatterns = [
    path("sign-in/", page(sign_in.CreateSignIn), name="sign_in"),
    path("sign-in/verify/", page(sign_in.AttemptSignIn), name="sign_in_verify"),
    path("sign-up/", page(sign_up.CreateSignUp), name="sign_up"),
    path("sign-up/verify/", page(sign_up.AttemptSignUp), name="sign_up_verify"),
    path("sign-out/", page(sign_out.SignOut), name="sign_out"),
    path("not-me/<token>/", page(not_me.NotMe), name="not_me"),
]
