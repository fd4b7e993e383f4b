"""The page on which somebody signs out."""

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import resolve_url

from passwordless_otp import clients
from passwordless_otp.errors import OTPError
from passwordless_otp.pages import navigation
from passwordless_otp.pages.base import Page


class SignOut(Page):
    """Sign out."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Ask first: a link or an image must not sign anybody out."""
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """End the session, whoever began it."""
        clients.log_out(request)
        if place := navigation.next_path(request):
            return navigation.SeeOther(place)
        if settings.LOGOUT_REDIRECT_URL:
            return navigation.SeeOther(resolve_url(settings.LOGOUT_REDIRECT_URL))
        return self.go("sign_in")

    def show(self, error: OTPError | None = None) -> HttpResponseBase:
        """Show the button."""
        return self.render("sign_out.html", error, signed_in=self.request.user.is_authenticated)
