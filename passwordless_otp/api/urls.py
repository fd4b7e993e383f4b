"""Paths of the JSON API, without trailing slashes. May be included alone."""

from typing import Any

from django.conf import settings
from django.db.transaction import non_atomic_requests
from django.urls import path, re_path

from passwordless_otp.api import flow_views, session_views
from passwordless_otp.api.base import APICall, Unknown

app_name = "passwordless_otp"


def call(view: type[APICall]) -> Any:
    """Return the view, outside of any transaction of the request: a wrong code stays counted."""
    function: Any = view.as_view()
    for alias in settings.DATABASES:
        function = non_atomic_requests(using=alias)(function)
    return function


urlpatterns = [
    path("v1/environment", call(session_views.ReadEnvironment), name="environment"),
    path("v1/me", call(session_views.ReadMe), name="me"),
    path("v1/client", call(session_views.ReadClient), name="client"),
    path("v1/client/sign_ins", call(flow_views.CreateSignIn), name="sign_ins"),
    path("v1/client/sign_ins/<name>", call(flow_views.ReadSignIn)),
    path("v1/client/sign_ins/<name>/prepare_first_factor", call(flow_views.PrepareSignIn)),
    path("v1/client/sign_ins/<name>/attempt_first_factor", call(flow_views.AttemptSignIn)),
    path("v1/client/sign_ups", call(flow_views.CreateSignUp), name="sign_ups"),
    path("v1/client/sign_ups/<name>", call(flow_views.EditSignUp)),
    path("v1/client/sign_ups/<name>/prepare_verification", call(flow_views.PrepareSignUp)),
    path("v1/client/sign_ups/<name>/attempt_verification", call(flow_views.AttemptSignUp)),
    path("v1/client/sessions", call(session_views.EndSessions)),
    path("v1/client/sessions/<name>/touch", call(session_views.TouchSession)),
    path("v1/client/sessions/<name>/tokens", call(session_views.CreateToken)),
    path("v1/client/sessions/<name>/end", call(session_views.EndSession)),
    path("v1/client/sessions/<name>/remove", call(session_views.EndSession)),
    path("v1/jwks", call(session_views.ReadKeys), name="jwks"),
    path(".well-known/jwks.json", call(session_views.ReadKeys)),
    re_path(r"^v1(?:/|$)", call(Unknown)),
]
