"""An authentication backend for sign-ins by code, for a site that wants to tell them from others.

It is optional. Where AUTHENTICATION_BACKENDS has it, or a class derived from it, the session of everybody who
signs in by code names it. Users, permissions and `user_can_authenticate` are those of Django's `ModelBackend`.
"""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from passwordless_otp import users
from passwordless_otp.models import Flow
from passwordless_otp.models.flows import Status


class CodeBackend(ModelBackend):
    """Signs in nobody by credentials: a password is none of its business."""

    def authenticate(self, request: HttpRequest | None, otp_flow: Flow | None = None) -> Any:  # type: ignore[override]
        """Return the user of `otp_flow` if this very request has consumed its proof, else `None`."""
        if otp_flow is None or otp_flow.status != Status.COMPLETE or otp_flow.user_id is None:
            return None
        if getattr(request, users.CONSUMED, None) != otp_flow.pk:
            return None
        return self.get_user(otp_flow.user_id)
