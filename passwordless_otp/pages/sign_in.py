"""The pages of a sign-in."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import clients
from passwordless_otp.errors import OTPError, ResourceNotFound
from passwordless_otp.flows import factors, sign_in
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, Verification
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import code_step, navigation
from passwordless_otp.pages.base import Page
from passwordless_otp.pages.forms import CodeForm, SignInForm


class CreateSignIn(Page):
    """Who is it?"""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Change nothing, send nothing."""
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Send a code to what was typed; where sign-up is open, to anybody."""
        clients.refuse_session(request)
        text = self.given()["identifier"]
        current, may_sign_up = self.client.flows.get(Purpose.SIGN_IN), self.settings.sign_up_open
        flow = sign_in.create(
            self.settings, current, self.client.visitor, text, send=True, sign_up_if_missing=may_sign_up
        )
        self.client.keep(flow)
        return self.go("sign_in_verify")

    def show(self, error: OTPError | None = None) -> HttpResponseBase:
        """Show the form, or why there is none."""
        user = self.request.user
        if user.is_authenticated:
            return self.render("signed_in.html", error, name=navigation.display_name(user), after=self.after)
        if not self.settings.kinds:
            return self.render("nothing.html", error)
        return self.render(
            "sign_in.html",
            error,
            form=self.form or self.make_form(),
            waiting=code_step.waits(self._current),
            verify_url=self.path("sign_in_verify"),
        )

    def make_form(self, data: dict[str, str] | None = None) -> SignInForm:
        """Make the form, with what this browser has typed before."""
        before = [identifier.value for identifier in self._current.identifiers] if self._current else []
        return SignInForm(self.settings, data=data, initial={"identifier": "".join(before[:1])})

    @property
    def _current(self) -> Flow | None:
        return self.client.flows.get(Purpose.SIGN_IN)


class AttemptSignIn(Page):
    """The code."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Go on where this browser is; send nothing."""
        return self.show()

    @sensitive_variables("code")
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Take a code, or send one."""
        flow, identifier, _verification = self._find()
        if "send" in request.POST:
            sign_in.prepare(
                self.settings, flow, self.client.visitor, *navigation.chosen_factor(flow, request.POST["send"])
            )
            return self.go("sign_in_verify")
        code = self.given()["code"]
        return navigation.go_on(
            request, navigation.attempt_sign_in(request, flow, identifier.kind.strategy, code)
        )

    def show(self, error: OTPError | None = None) -> HttpResponseBase:
        """Show where the code went."""
        flow, identifier, verification = self._find()
        step = code_step.describe(flow, identifier, verification, self.settings)
        offered = factors.offered(self.settings, flow)
        return self.render(
            "verify.html",
            error,
            form=self.form or self.make_form(),
            **step,
            send=next((factor.id(flow) for factor in offered if factor.identifier == identifier), ""),
            others=[code_step.other(flow, factor) for factor in offered if factor.identifier != identifier],
            start_url=self.path("sign_in"),
        )

    @sensitive_variables("data")
    def make_form(self, data: dict[str, str] | None = None) -> CodeForm:
        """Make the form for the code that was sent."""
        return code_step.make_form(self._find()[2], data)

    def _find(self) -> tuple[Flow, IdentifierValue, Verification | None]:
        """Return this browser's sign-in, and where its code went. Raises `ResourceNotFound`."""
        flow = self.client.flows.get(Purpose.SIGN_IN)
        if flow is None or not flow.identifiers:
            raise ResourceNotFound
        verification = flow.newest()
        return flow, verification.identifier if verification else flow.identifiers[0], verification
