"""The pages of a sign-up."""

from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import clients
from passwordless_otp.errors import OTPError, ResourceNotFound, SignUpClosed
from passwordless_otp.flows import sign_up
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, Verification
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import code_step, navigation
from passwordless_otp.pages.base import Page
from passwordless_otp.pages.forms import CodeForm, SignUpForm


class CreateSignUp(Page):
    """Who is new?"""

    start = "sign_up"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Change nothing, send nothing."""
        return self.show()

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Open a sign-up, or add to one in which something is proven; then send its first code."""
        clients.refuse_session(request)
        given = self.given()
        return navigation.go_on(request, navigation.save_sign_up(self.client, given, self._afresh))

    def show(self, error: OTPError | None = None) -> HttpResponseBase:
        """Show the form, or why there is none."""
        user = self.request.user
        if user.is_authenticated:
            return self.render("signed_in.html", error, name=navigation.display_name(user), after=self.after)
        if not self.settings.kinds:
            return self.render("nothing.html", error)
        if not self.settings.sign_up_open:
            return self.notice(SignUpClosed(), self.settings)
        return self.render(
            "sign_up.html",
            error,
            form=self.form or self.make_form(),
            waiting=code_step.waits(self.client.flows.get(Purpose.SIGN_UP)),
            verify_url=self.path("sign_up_verify"),
            proven=list(self._proven.values()),
            afresh=self._afresh,
            afresh_url=self.path("sign_up", new="1"),
        )

    def make_form(self, data: dict[str, str] | None = None) -> SignUpForm:
        """Make the form, with what this browser has typed before."""
        current = None if self._afresh else self.client.flows.get(Purpose.SIGN_UP)
        return SignUpForm(self.settings, self._proven, data=data, initial=values_of(current))

    @property
    def _proven(self) -> dict[str, str]:
        return {} if self._afresh else navigation.proven_values(self.client.flows.get(Purpose.SIGN_UP))

    @property
    def _afresh(self) -> bool:
        return "new" in self.request.GET or "new" in self.request.POST


class AttemptSignUp(Page):
    """The code, of one identifier after the other."""

    start = "sign_up"

    def get(self, request: HttpRequest) -> HttpResponseBase:
        """Go on where this browser is; send nothing."""
        return self.show()

    @sensitive_variables("code")
    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Take a code, or send one."""
        flow, identifier, _verification = self._find()
        if "send" in request.POST:
            self.client.keep(sign_up.prepare(self.settings, flow, self.client.visitor, identifier.kind.strategy))
            return self.go("sign_up_verify")
        code = self.given()["code"]
        with clients.attempting(request):
            flow = sign_up.attempt(self.settings, flow, self.client.visitor, identifier.kind.strategy, code)
        return navigation.go_on(request, flow)

    def refused(self, error: OTPError) -> HttpResponseBase:
        """Answer as all pages; a name that is not free is asked for again, on the page that asks for it."""
        if error.param not in sign_up.NAMES:
            return super().refused(error)
        page = CreateSignUp()
        page.setup(self.request)
        page.form = page.make_form(values_of(self.client.flows.get(Purpose.SIGN_UP)))
        return page.refused(error)

    def show(self, error: OTPError | None = None) -> HttpResponseBase:
        """Show where the code went."""
        flow, identifier, verification = self._find()
        step = code_step.describe(flow, identifier, verification, self.settings)
        form = self.form or self.make_form()
        return self.render("verify.html", error, form=form, **step, send="1", start_url=self.path("sign_up"))

    @sensitive_variables("data")
    def make_form(self, data: dict[str, str] | None = None) -> CodeForm:
        """Make the form for the code that was sent."""
        return code_step.make_form(self._find()[2], data)

    def _find(self) -> tuple[Flow, IdentifierValue, Verification | None]:
        """Return this browser's sign-up, and what it has to prove next. Raises `ResourceNotFound`."""
        flow = self.client.flows.get(Purpose.SIGN_UP)
        pending = sign_up.unverified(self.settings, flow) if flow else []
        if flow is None or not pending:
            raise ResourceNotFound
        return flow, pending[0], flow.verification_of(pending[0])


def values_of(flow: Flow | None) -> dict[str, str]:
    """Return what was typed into this flow."""
    if flow is None:
        return {}
    typed = {identifier.kind.value: identifier.value for identifier in flow.identifiers}
    return {**typed, **{name: flow.details[name] for name in sign_up.NAMES}}
