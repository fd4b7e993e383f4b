"""The pages of a sign-up."""

from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import clients
from passwordless_otp.errors import OTPError, ResourceNotFound, SignUpClosed
from passwordless_otp.flows import sign_up
from passwordless_otp.identifiers import Kind
from passwordless_otp.models import Flow
from passwordless_otp.models.flows import Purpose
from passwordless_otp.pages import code_step, navigation
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.code_step import CodeStep
from passwordless_otp.pages.forms import CodeForm, SignUpForm
from passwordless_otp.pages.navigation import SeeOther


class SignUpView(PageView):
    """Ask somebody new for identifiers and names; go on with a sign-up in which something is proven."""

    template_name = "passwordless_otp/sign_up.html"
    form_class = SignUpForm
    start_page = "sign_up"
    signed_out_only = True

    @property
    def afresh(self) -> bool:
        """Whether the visitor has asked to leave what they have proven and to begin anew."""
        return "new" in self.request.GET or "new" in self.request.POST

    def form_valid(self, form: Form) -> HttpResponse:
        """Open a sign-up and send its first code, or add to one in which something is proven."""
        settings, visitor, given = self.client.settings, self.client.visitor, form.cleaned_data
        current = self.client.flows.get(Purpose.SIGN_UP)
        if current and self.get_proven():
            return SeeOther(go_on(self.request, sign_up.update(settings, current, visitor, given)))
        first = next((kind.strategy for kind in Kind if given.get(kind)), None)
        if current and current.verified:  # it goes on if the same is typed again, with what is not proven yet
            first = None
        flow = sign_up.create(settings, current, visitor, given, first)
        return SeeOther(go_on(self.request, flow, sent=first is not None))

    def show(self, error: OTPError | None = None) -> HttpResponse:
        """Show the form, if there is something to fill in. Raises `SignUpClosed`."""
        if without_form := self.show_without_form(error):
            return without_form
        if not self.client.settings.sign_up_open:
            raise SignUpClosed
        return super().show(error)

    def get_proven(self) -> dict[str, str]:
        """Return the identifiers that are proven already in the sign-up that goes on here."""
        flow = self.client.flows.get(Purpose.SIGN_UP)
        if flow is None or flow.abandoned or self.afresh:
            return {}
        proven = flow.verified
        return {typed.kind.value: typed.value for typed in flow.identifiers if typed in proven}

    def get_initial(self) -> dict[str, Any]:
        """Begin with what was typed last in this browser."""
        return {} if self.afresh else typed_values(self.client.flows.get(Purpose.SIGN_UP))

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form ask for what the site wants to know and is not proven yet."""
        return {**super().get_form_kwargs(), "settings": self.client.settings, "proven": self.get_proven()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Show what is proven, and link to the code page while a code can be handed in there."""
        return super().get_context_data(
            waiting=code_step.is_waiting(self.client.flows.get(Purpose.SIGN_UP)),
            verify_url=navigation.page_path(self.request, "sign_up_verify"),
            proven=list(self.get_proven().values()),
            afresh=self.afresh,
            afresh_url=navigation.page_path(self.request, "sign_up", new="1"),
            **kwargs,
        )


class SignUpCodeView(PageView):
    """Take the codes of a sign-up, of one identifier after the other."""

    template_name = "passwordless_otp/verify.html"
    form_class = CodeForm
    start_page = "sign_up"
    success_page = "sign_up_verify"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a message where the button for it was pressed; else take the code."""
        if "send" in request.POST:
            return self.send()
        return super().post(request, *args, **kwargs)

    def send(self) -> HttpResponse:
        """Send the code again."""
        flow, identifier, _ = self.get_step()
        flow = sign_up.prepare(self.client.settings, flow, self.client.visitor, identifier.kind.strategy)
        self.client.keep(flow)
        return SeeOther(self.get_success_url())

    @sensitive_variables("code")
    def form_valid(self, form: Form) -> HttpResponse:
        """Prove the identifier, and go on to what is missing yet."""
        flow, identifier, _ = self.get_step()
        strategy, code = identifier.kind.strategy, form.cleaned_data["code"]
        with clients.attempting(self.request):
            flow = sign_up.attempt(self.client.settings, flow, self.client.visitor, strategy, code)
        return SeeOther(go_on(self.request, flow))

    def handle_error(self, error: OTPError) -> HttpResponse:
        """Show a name that is not free on the page that asks for it."""
        if error.param not in sign_up.NAMES:
            return super().handle_error(error)
        page = SignUpView(client=self.client, data=typed_values(self.client.flows.get(Purpose.SIGN_UP)))
        page.setup(self.request)
        return page.handle_error(error)

    def get_step(self) -> CodeStep:
        """Return the sign-up of this browser, and what it has to prove next. Raises `ResourceNotFound`."""
        flow = self.client.flows.get(Purpose.SIGN_UP)
        pending = sign_up.unverified(self.client.settings, flow) if flow else []
        if flow is None or not pending:
            raise ResourceNotFound
        return CodeStep(flow, pending[0], flow.verification_of(pending[0]))

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form say what the code looks like."""
        return {**super().get_form_kwargs(), "verification": self.get_step().verification}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say where the code went."""
        step = code_step.describe(self.get_step(), self.client.settings)
        start_url = navigation.page_path(self.request, "sign_up")
        return super().get_context_data(**step, send="1", start_url=start_url, **kwargs)


def go_on(request: HttpRequest, flow: Flow, *, sent: bool = False) -> str:
    """Log in if the flow is complete, else send the next code unless the first was `sent`. Return where to go."""
    client = clients.current(request)
    if clients.log_in_if_complete(request, flow):
        return navigation.after_sign_in(request)
    pending = sign_up.unverified(client.settings, flow)
    if sign_up.missing(client.settings, flow) or not pending:
        return navigation.page_path(request, "sign_up")
    if not (sent and flow.verification_of(pending[0])):  # a parallel request may have opened it without a code
        client.keep(sign_up.prepare(client.settings, flow, client.visitor, pending[0].kind.strategy))
    return navigation.page_path(request, "sign_up_verify")


def typed_values(flow: Flow | None) -> dict[str, str]:
    """Return what was typed into this flow, by the names of the form's fields."""
    if flow is None:
        return {}
    typed = {identifier.kind.value: identifier.value for identifier in flow.identifiers}
    return {**typed, **{name: flow.details[name] for name in sign_up.NAMES}}
