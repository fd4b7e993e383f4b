"""The page that asks for a code, in a sign-in and in a sign-up."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, get_script_prefix, resolve
from django.views.decorators.debug import sensitive_variables

from passwordless_otp.errors import OTPError
from passwordless_otp.flows import sign_up
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import code_step, navigation
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.code_step import FLOW, CodeFlow, FlowReplaced
from passwordless_otp.pages.forms import CodeForm
from passwordless_otp.pages.navigation import SeeOther
from passwordless_otp.pages.sign_in import SignInCode
from passwordless_otp.pages.sign_up import SignUpCode, SignUpView, typed_values

FLOWS: dict[str, type[CodeFlow]] = {Purpose.SIGN_IN: SignInCode, Purpose.SIGN_UP: SignUpCode}


class CodeView(PageView):
    """Take a code, or send it again, or another one to another identifier. `purpose` is that of the flow."""

    template_name = "passwordless_otp/verify.html"
    form_class = CodeForm
    purpose: str = Purpose.SIGN_IN

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take the flows of this purpose."""
        super().setup(request, *args, **kwargs)
        self.code_flow = FLOWS[self.purpose](request)
        self.start_page = self.code_flow.start_page

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a message where one of the buttons for it was pressed; else take the code.

        Raises `FlowReplaced` for a form of another flow than the one that is open now.
        """
        flow = self.code_flow.step().flow
        if request.POST.get(FLOW, flow.pk.hex) != flow.pk.hex:
            raise FlowReplaced
        if "send" in request.POST:
            self.code_flow.send(request.POST["send"])
            return SeeOther(navigation.page_path(request, self.code_flow.code_page))
        return super().post(request, *args, **kwargs)

    @sensitive_variables("form")
    def form_valid(self, form: Form) -> HttpResponse:
        """Log in, or go on to what is missing yet."""
        return SeeOther(self.code_flow.attempt(form.cleaned_data["code"]) or self.get_success_url())

    def handle_error(self, error: OTPError) -> HttpResponse:
        """Show a name that is not free on the page that asks for it."""
        if error.param not in sign_up.NAMES:
            return super().handle_error(error)
        make = _sign_up_page(self.request)
        page = make[0](**make[1], client=self.client, data=typed_values(self.client.flows.get(Purpose.SIGN_UP)))
        page.setup(self.request)
        return page.handle_error(error)

    def handle_lost(self, error: OTPError) -> HttpResponse:
        """Say that the code was used where it was: the first of two clicks may have done that."""
        return super().handle_lost(code_step.why_lost(self.request.POST.get(FLOW, "")))

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form say what the code looks like."""
        return {**super().get_form_kwargs(), "verification": self.code_flow.step().verification}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where the code went, and what else can be done."""
        step = self.code_flow.step()
        return super().get_context_data(
            **code_step.describe(step, self.client.settings),
            **self.code_flow.buttons(step),
            start_url=navigation.page_path(self.request, self.start_page),
            other_url=navigation.page_path(self.request, self.start_page, new="1"),
            **kwargs,
        )


def _sign_up_page(request: HttpRequest) -> tuple[type[SignUpView], dict[str, Any]]:
    """Return the class and the options of the sign-up page that belongs to this one."""
    path = navigation.page_path(request, "sign_up").partition("?")[0]
    try:
        view: Any = resolve("/" + path.removeprefix(get_script_prefix())).func
    except Resolver404:
        view = None
    found = getattr(view, "view_class", SignUpView)
    return (found, view.view_initkwargs) if issubclass(found, SignUpView) and view else (SignUpView, {})
