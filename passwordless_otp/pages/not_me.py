"""The page behind the link in a notice: it was not me."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase

from passwordless_otp import users
from passwordless_otp.errors import OTPError, ResourceNotFound
from passwordless_otp.flows import revoke_access
from passwordless_otp.models import Message
from passwordless_otp.pages import navigation
from passwordless_otp.pages.base import Page


class NotMe(Page):
    """End all sessions of the user whom the notice was for. Whoever has the link need not be signed in."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Keep the link out of the `Referer`. With `no-referrer`, browsers would call the form's origin null."""
        response = super().dispatch(request, *args, **kwargs)
        response["Referrer-Policy"] = "strict-origin"
        return response

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Say what happened. Mail programs look at links, so nothing changes."""
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Do it, once; then show what was done."""
        revoke_access.revoke(self._notice)
        return navigation.SeeOther(request.path)

    def show(self, error: OTPError | None = None) -> HttpResponseBase:
        """Show the button, or what it has done."""
        notice = self._notice
        told: dict[str, Any] = {"at": notice.happened_at, "added": notice.flow is None}
        return self.render(
            "not_me.html", error, notice=notice, has_password=users.has_password(notice.user), **told
        )

    def refused(self, error: OTPError) -> HttpResponseBase:
        """Say of a link that is too old, or none, that it is."""
        if isinstance(error, ResourceNotFound):
            return self.render("not_me.html", error)
        return super().refused(error)

    @property
    def _notice(self) -> Message:
        return revoke_access.find_notice(self.kwargs["token"])
