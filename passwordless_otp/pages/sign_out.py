"""The page on which somebody signs out."""

from typing import Any

from django.conf import settings
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from passwordless_otp import clients
from passwordless_otp.pages import navigation
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.navigation import SeeOther


class SignOutView(PageView):
    """Ask first, since a link or an image must not sign anybody out; then end the session, whoever began it."""

    template_name = "passwordless_otp/sign_out.html"
    form_class = Form

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session. Nothing but `next` is read."""
        clients.log_out(request)
        return SeeOther(self.get_success_url())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether anybody is signed in."""
        return super().get_context_data(signed_in=self.request.user.is_authenticated, **kwargs)

    def get_success_url(self) -> str:
        """Return `next`, else `success_url`, else `LOGOUT_REDIRECT_URL`, else the sign-in page."""
        if place := navigation.next_path(self.request):
            return place
        if named := self.success_url or settings.LOGOUT_REDIRECT_URL:
            return resolve_url(named)
        return navigation.page_path(self.request, "sign_in")
