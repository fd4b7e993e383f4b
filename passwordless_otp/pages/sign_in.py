"""The pages of a sign-in."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import clients
from passwordless_otp.errors import OTPError, ResourceNotFound, TransferRequired, ValueInvalid
from passwordless_otp.flows import factors, sign_in, sign_up
from passwordless_otp.identifiers import Strategy
from passwordless_otp.models import Flow
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import code_step, navigation
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.code_step import CodeStep
from passwordless_otp.pages.forms import CodeForm, SignInForm
from passwordless_otp.pages.navigation import SeeOther
from passwordless_otp.pages.sign_up import go_on


class SignInView(PageView):
    """Ask for an identifier, and send a code to it. Where sign-up is open, an unknown one gets a code as well."""

    template_name = "passwordless_otp/sign_in.html"
    form_class = SignInForm
    success_page = "sign_in_verify"
    signed_out_only = True

    def form_valid(self, form: Form) -> HttpResponse:
        """Open a sign-in and send its code."""
        settings, current = self.client.settings, self.client.flows.get(Purpose.SIGN_IN)
        typed, is_open = form.cleaned_data["identifier"], settings.sign_up_open
        self.client.keep(
            sign_in.create(settings, current, self.client.visitor, typed, send=True, sign_up_if_missing=is_open)
        )
        return SeeOther(self.get_success_url())

    def show(self, error: OTPError | None = None) -> HttpResponse:
        """Show the form, if there is something to fill in."""
        return self.show_without_form(error) or super().show(error)

    def get_initial(self) -> dict[str, Any]:
        """Begin with the identifier that was typed last in this browser."""
        current = self.client.flows.get(Purpose.SIGN_IN)
        typed = current.identifiers if current else []
        return {"identifier": typed[0].value if typed else ""}

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form ask for what the site offers."""
        return {**super().get_form_kwargs(), "settings": self.client.settings}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Link to the code page while a code can be handed in there."""
        waiting = code_step.is_waiting(self.client.flows.get(Purpose.SIGN_IN))
        verify_url = navigation.page_path(self.request, "sign_in_verify")
        return super().get_context_data(waiting=waiting, verify_url=verify_url, **kwargs)


class SignInCodeView(PageView):
    """Take the code of a sign-in, or send it again, or another one to another identifier."""

    template_name = "passwordless_otp/verify.html"
    form_class = CodeForm
    success_page = "sign_in_verify"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a message where one of the buttons for it was pressed; else take the code."""
        if "send" in request.POST:
            return self.send(request.POST["send"])
        return super().post(request, *args, **kwargs)

    def send(self, factor_id: str) -> HttpResponse:
        """Send a code to this factor. Raises `ValueInvalid` for one that is not offered."""
        flow, settings = self.get_step().flow, self.client.settings
        chosen = [factor for factor in factors.offered(settings, flow) if factor.id(flow) == factor_id]
        if not chosen:
            raise ValueInvalid("send")
        strategy = chosen[0].identifier.kind.strategy
        self.client.keep(sign_in.prepare(settings, flow, self.client.visitor, strategy, factor_id))
        return SeeOther(self.get_success_url())

    def form_valid(self, form: Form) -> HttpResponse:
        """Log in, or go on with a sign-up where nobody has the identifier."""
        flow, identifier, _ = self.get_step()
        flow = attempt(self.request, flow, identifier.kind.strategy, form.cleaned_data["code"])
        return SeeOther(go_on(self.request, flow))

    def get_step(self) -> CodeStep:
        """Return the sign-in of this browser, and where its code went. Raises `ResourceNotFound`."""
        flow = self.client.flows.get(Purpose.SIGN_IN)
        if flow is None or not flow.identifiers:
            raise ResourceNotFound
        verification = flow.newest()
        return CodeStep(flow, verification.identifier if verification else flow.identifiers[0], verification)

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form say what the code looks like."""
        return {**super().get_form_kwargs(), "verification": self.get_step().verification}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where the code went, and offer the other factors."""
        step, settings = self.get_step(), self.client.settings
        offered = {factor.identifier: factor for factor in factors.offered(settings, step.flow)}
        current = offered.pop(step.identifier, None)
        return super().get_context_data(
            **code_step.describe(step, settings),
            send=current.id(step.flow) if current else "",
            others=[code_step.other_factor(step.flow, factor) for factor in offered.values()],
            start_url=navigation.page_path(self.request, "sign_in"),
            **kwargs,
        )


@sensitive_variables("code")
def attempt(request: HttpRequest, flow: Flow, strategy: Strategy, code: str) -> Flow:
    """Hand in the code, and return the completed sign-in or the sign-up that goes on from it."""
    client = clients.current(request)
    try:
        with clients.attempting(request):
            return sign_in.attempt(client.settings, flow, client.visitor, strategy, code)
    except TransferRequired:
        current = client.flows.get(Purpose.SIGN_UP)
        return sign_up.create(client.settings, current, client.visitor, {}, transfer=True)
