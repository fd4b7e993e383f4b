"""The page behind the link in a security notice: it was not me."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from passwordless_otp import users
from passwordless_otp.errors import OTPError, ResourceNotFound
from passwordless_otp.flows import revoke_access
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.navigation import SeeOther


class NotMeView(PageView):
    """Say what happened, and end all sessions of the notice's user by POST, once. The link is all it takes.

    GET changes nothing: mail programs open links.
    """

    template_name = "passwordless_otp/not_me.html"
    form_class = Form
    needs_session_store = False  # sessions end by another password

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the link out of the `Referer`. With `no-referrer`, browsers would send `Origin: null`."""
        response = super().dispatch(request, *args, **kwargs)
        response["Referrer-Policy"] = "strict-origin"
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the sessions; the page then shows what was done."""
        revoke_access.revoke(revoke_access.find_notice(self.kwargs["token"]))
        return SeeOther(request.path)

    def handle_error(self, error: OTPError) -> HttpResponse:
        """Say that a link is too old, or not one of ours."""
        if not isinstance(error, ResourceNotFound):
            return super().handle_error(error)
        return self.render_to_response(super().get_context_data(form=None), status=error.status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say what happened, or what the button has done. Raises `ResourceNotFound`."""
        notice = revoke_access.find_notice(self.kwargs["token"])
        return super().get_context_data(
            notice=notice,
            has_password=users.has_password(notice.user),
            **notice.event,
            **kwargs,
        )
