"""The pages of a sign-in."""

from typing import Any

from django.forms import Form
from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import clients
from passwordless_otp.errors import OTPError, ResourceNotFound, TransferRequired, ValueInvalid
from passwordless_otp.flows import factors, sign_in, sign_up
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import code_step, navigation
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.code_step import CodeFlow, CodeStep
from passwordless_otp.pages.forms import SignInForm
from passwordless_otp.pages.navigation import SeeOther
from passwordless_otp.pages.sign_up import go_on


class SignInView(PageView):
    """Ask for an identifier, and send a code to it. Where sign-up is open, an unknown one gets a code as well."""

    template_name = "passwordless_otp/sign_in.html"
    form_class = SignInForm
    signed_out_only = True

    def form_valid(self, form: Form) -> HttpResponse:
        """Open a sign-in and send its code."""
        settings, current = self.client.settings, self.client.flows.get(Purpose.SIGN_IN)
        typed, is_open = form.cleaned_data["identifier"], settings.sign_up_open
        self.client.keep(
            sign_in.create(settings, current, self.client.visitor, typed, send=True, sign_up_if_missing=is_open)
        )
        return SeeOther(navigation.page_path(self.request, "sign_in_verify"))

    def show(self, error: OTPError | None = None) -> HttpResponse:
        """Show the form, if there is something to fill in."""
        return self.show_without_form(error) or super().show(error)

    def get_initial(self) -> dict[str, Any]:
        """Begin with the identifier that was typed last in this browser, unless they want to use another."""
        if "new" in self.request.GET:
            return {}
        current = self.client.flows.get(Purpose.SIGN_IN)
        typed = current.identifiers if current else []
        return {"identifier": typed[0].value if typed else ""}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form ask for what the site offers."""
        return {**super().get_form_kwargs(), "settings": self.client.settings}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Link to the code page while a code can be handed in there. Say what an unlock link has done."""
        waiting = code_step.is_waiting(self.client.flows.get(Purpose.SIGN_IN))
        verify_url = navigation.page_path(self.request, "sign_in_verify")
        unlocked = "unlocked" in self.request.GET
        return super().get_context_data(waiting=waiting, verify_url=verify_url, unlocked=unlocked, **kwargs)


class SignInCode(CodeFlow):
    """The code of a sign-in, which can be sent to another identifier as well."""

    start_page = "sign_in"
    code_page = "sign_in_verify"

    def send(self, button: str) -> None:
        """Send a code to the factor with this id. Raises `ValueInvalid` for one that is not offered."""
        flow, settings = self.step().flow, self.client.settings
        chosen = [factor for factor in factors.offered(settings, flow) if factor.id(flow) == button]
        if not chosen:
            raise ValueInvalid("send")
        strategy = chosen[0].identifier.kind.strategy
        self.client.keep(sign_in.prepare(settings, flow, self.client.visitor, strategy, button))

    @sensitive_variables("code")
    def attempt(self, code: str) -> str:
        """Log in, or go on with a sign-up where nobody has the identifier.

        Nobody who has mistyped their address gets an account: the sign-up page asks first.
        """
        client, (flow, identifier, _) = self.client, self.step()
        try:
            with clients.attempting(self.request):
                flow = sign_in.attempt(client.settings, flow, client.visitor, identifier.kind.strategy, code)
        except TransferRequired:
            current = client.flows.get(Purpose.SIGN_UP)
            flow = sign_up.create(client.settings, current, client.visitor, {}, transfer=True, ask_first=True)
        return go_on(self.request, flow)

    def step(self) -> CodeStep:
        """Return the sign-in of this browser, and where its code went. Raises `ResourceNotFound`."""
        flow = self.client.flows.get(Purpose.SIGN_IN)
        if flow is None or not flow.identifiers:
            raise ResourceNotFound
        verification = flow.newest()
        return CodeStep(flow, verification.identifier if verification else flow.identifiers[0], verification)

    def buttons(self, step: CodeStep) -> dict[str, Any]:
        """Return the ids of the factors: the one that the code went to, and the others."""
        offered = {factor.identifier: factor for factor in factors.offered(self.client.settings, step.flow)}
        current = offered.pop(step.identifier, None)
        return {
            "send": current.id(step.flow) if current else "",
            "others": [code_step.other_factor(step.flow, factor) for factor in offered.values()],
        }
