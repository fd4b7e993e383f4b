"""The pages of a sign-up."""

import json
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
from passwordless_otp.pages import code_step, forms, navigation
from passwordless_otp.pages.base import PageView
from passwordless_otp.pages.code_step import CodeFlow, CodeStep
from passwordless_otp.pages.forms import SignUpForm
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

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        """Open a sign-up and send its first code, or add to one in which something is proven."""
        settings, visitor, given = self.client.settings, self.client.visitor, form.given()
        current = self.client.flows.get(Purpose.SIGN_UP)
        if current and self.get_proven():
            updated = sign_up.update(settings, current, visitor, given)
            return SeeOther(go_on(self.request, updated) or self.get_success_url())
        first = next((kind.strategy for kind in Kind if given.get(kind)), None)
        if current and current.verified:  # it goes on if the same is typed again, with what is not proven yet
            first = None
        flow = sign_up.create(settings, current, visitor, given, first)
        return SeeOther(go_on(self.request, flow, sent=first is not None) or self.get_success_url())

    def show(self, error: OTPError | None = None) -> HttpResponse:
        """Show the form, if there is something to fill in. Raises `SignUpClosed`."""
        if without_form := self.show_without_form(error):
            return without_form
        if not self.client.settings.sign_up_open:
            raise SignUpClosed
        return super().show(error)

    def get_proven(self) -> dict[str, str]:
        """Return the identifiers that are proven already in the sign-up that goes on here.

        A page that was shown before such a proof lapsed has no field for it: it is asked for again by a code.
        """
        flow = self.client.flows.get(Purpose.SIGN_UP)
        if flow is None or flow.abandoned or self.afresh:
            return {}
        proven, posted = flow.verified, self.data
        if posted is not None:
            lapsed = [each for each in flow.known_verifications if each.has_lapsed]
            proven |= {each.identifier for each in lapsed if each.kind not in posted}
        return {typed.kind.value: typed.value for typed in flow.identifiers if typed in proven}

    def get_initial(self) -> dict[str, Any]:
        """Begin with what was typed last in this browser."""
        return {} if self.afresh else typed_values(self.client.flows.get(Purpose.SIGN_UP))

    def get_form_class(self) -> type[Form]:
        """Return the form with the fields of SIGN_UP_FORM."""
        return forms.with_fields_of_site(super().get_form_class())

    @property
    def repeatable(self) -> list[str]:  # type: ignore[override]
        """The fields that are not the app's own."""
        return [name for name in self.get_form_class().base_fields if name not in forms.OWN_NAMES]

    def get_form_kwargs(self) -> dict[str, Any]:
        """Let the form ask for what the site wants to know and is not proven yet."""
        return {**super().get_form_kwargs(), "settings": self.client.settings, "proven": self.get_proven()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Show what is proven, and link to the code page while a code can be handed in there."""
        flow, proven = self.client.flows.get(Purpose.SIGN_UP), self.get_proven()
        transferred = bool(proven) and flow is not None and not flow.sends  # a sign-in has proven it
        return super().get_context_data(
            waiting=code_step.is_waiting(flow),
            verify_url=navigation.page_path(self.request, "sign_up_verify"),
            proven=list(proven.values()),
            afresh=self.afresh,
            transferred=transferred,
            afresh_url=navigation.page_path(self.request, "sign_in" if transferred else "sign_up", new="1"),
            **kwargs,
        )


class SignUpCode(CodeFlow):
    """The codes of a sign-up, of one identifier after the other."""

    start_page = "sign_up"
    code_page = "sign_up_verify"

    def send(self, button: str) -> None:
        """Send the code again."""
        flow, identifier, _ = self.step()
        strategy = identifier.kind.strategy
        self.client.keep(sign_up.prepare(self.client.settings, flow, self.client.visitor, strategy))

    @sensitive_variables("code")
    def attempt(self, code: str) -> str:
        """Prove the identifier."""
        flow, identifier, _ = self.step()
        settings, strategy = self.client.settings, identifier.kind.strategy
        with clients.attempting(self.request):
            flow = sign_up.attempt(settings, flow, self.client.visitor, strategy, code)
        return go_on(self.request, flow)

    def step(self) -> CodeStep:
        """Return the sign-up of this browser, and what it has to prove next. Raises `ResourceNotFound`."""
        flow = self.client.flows.get(Purpose.SIGN_UP)
        pending = sign_up.unverified(self.client.settings, flow) if flow else []
        if flow is None or not pending:
            raise ResourceNotFound
        return CodeStep(flow, pending[0], flow.verification_of(pending[0]))

    def buttons(self, step: CodeStep) -> dict[str, Any]:
        """Return the button: there is nothing to choose."""
        return {"send": "1"}


def go_on(request: HttpRequest, flow: Flow, *, sent: bool = False) -> str:
    """Log in if the flow is complete, else send the next code unless the first was `sent`.

    Return the path of the page that asks for the rest; empty if the visitor is signed in now.
    """
    client = clients.current(request)
    if clients.log_in_if_complete(request, flow):
        return ""
    pending = sign_up.unverified(client.settings, flow)
    if sign_up.missing(client.settings, flow) or not pending:
        return navigation.page_path(request, "sign_up")
    if not (sent and flow.verification_of(pending[0])):  # a parallel request may have opened it without a code
        client.keep(sign_up.prepare(client.settings, flow, client.visitor, pending[0].kind.strategy))
    return navigation.page_path(request, "sign_up_verify")


def typed_values(flow: Flow | None) -> dict[str, Any]:
    """Return what was typed into this flow, by the names of the form's fields."""
    if flow is None:
        return {}
    typed = {identifier.kind.value: identifier.value for identifier in flow.identifiers}
    return {**json.loads(flow.extra or "{}"), **typed, **{name: flow.details[name] for name in sign_up.NAMES}}
