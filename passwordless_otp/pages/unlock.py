"""The page behind an unlock link: ask for a code again, in this browser."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from passwordless_otp.errors import OTPError, ResourceNotFound
from passwordless_otp.flows import unlock
from passwordless_otp.pages import navigation
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.navigation import SeeOther


class UnlockView(PageView):
    """Give this browser messages of its own by POST, for the address that got the link. Signs nobody in.

    GET changes nothing: mail programs open links.
    """

    template_name = "passwordless_otp/unlock.html"
    form_class = Form

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the link out of the `Referer`. With `no-referrer`, browsers would send `Origin: null`."""
        response = super().dispatch(request, *args, **kwargs)
        response["Referrer-Policy"] = "strict-origin"
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Give the grant, and go on to the sign-in page."""
        unlock.grant(self.client.settings, self.kwargs["token"], self.client.visitor)
        self.client.keep_grant()
        return SeeOther(navigation.page_path(request, "sign_in", unlocked="1"))

    def handle_error(self, error: OTPError) -> HttpResponse:
        """Say what to do about a link that is too old, used up, or not one of ours."""
        if not isinstance(error, ResourceNotFound):
            return super().handle_error(error)
        return self.render_to_response(super().get_context_data(form=None), status=error.status)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Show the button only for a link that works. Raises `ResourceNotFound`."""
        unlock.find(self.kwargs["token"])
        return super().get_context_data(**kwargs)
