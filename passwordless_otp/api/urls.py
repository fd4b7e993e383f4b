"""Paths of the JSON API, without trailing slashes. May be included alone."""

from typing import Any

from django.conf import settings
from django.db.transaction import non_atomic_requests
from django.urls import path, re_path

from passwordless_otp.api import flows, views

app_name = "passwordless_otp"


def call(view: type[views.Call]) -> Any:
    """Return the view, outside of any request's transaction: a wrong code has to cost its try."""
    function: Any = view.as_view()
    for alias in settings.DATABASES:
        function = non_atomic_requests(using=alias)(function)
    return function


urlpatterns = [
    path("v1/environment", call(views.ReadEnvironment), name="environment"),
    path("v1/me", call(views.ReadMe), name="me"),
    path("v1/client", call(views.ReadClient), name="client"),
    path("v1/client/sign_ins", call(flows.CreateSignIn), name="sign_ins"),
    path("v1/client/sign_ins/<name>", call(flows.ReadSignIn)),
    path("v1/client/sign_ins/<name>/prepare_first_factor", call(flows.PrepareSignIn)),
    path("v1/client/sign_ins/<name>/attempt_first_factor", call(flows.AttemptSignIn)),
    path("v1/client/sign_ups", call(flows.CreateSignUp), name="sign_ups"),
    path("v1/client/sign_ups/<name>", call(flows.EditSignUp)),
    path("v1/client/sign_ups/<name>/prepare_verification", call(flows.PrepareSignUp)),
    path("v1/client/sign_ups/<name>/attempt_verification", call(flows.AttemptSignUp)),
    path("v1/client/sessions", call(views.EndSessions)),
    path("v1/client/sessions/<name>/touch", call(views.TouchSession)),
    path("v1/client/sessions/<name>/tokens", call(views.CreateToken)),
    path("v1/client/sessions/<name>/end", call(views.EndSession)),
    path("v1/client/sessions/<name>/remove", call(views.EndSession)),
    re_path(r"^v1(?:/|$)", call(views.Unknown)),
]
