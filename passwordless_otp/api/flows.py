"""The calls of sign-in and sign-up.

Each reads its parameters before it looks for the flow: whoever sends a body slowly finds the flow as it is then.
"""

from typing import Any

from django.views.decorators.debug import sensitive_variables
from rest_framework.response import Response

from passwordless_otp import clients
from passwordless_otp.api import inputs, resources
from passwordless_otp.api.views import Call
from passwordless_otp.attempts import attempting
from passwordless_otp.flows import sign_in, sign_up
from passwordless_otp.models.flows import Purpose


class CreateSignIn(Call):
    """Open a sign-in."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.given(inputs.SignInInput)
        current = self.client.flows.get(Purpose.SIGN_IN)
        return self.answer_flow(sign_in.create(self.client.browser, current, **given))


class ReadSignIn(Call):
    """A sign-in as it stands."""

    def get(self, request: Any, name: str) -> Response:
        """Change nothing."""
        return self.answer(resources.flow_of(self.find(Purpose.SIGN_IN, name), self.http))


class PrepareSignIn(Call):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the factor named, or to the one that there is."""
        given = self.given(inputs.FactorInput)
        flow = self.find(Purpose.SIGN_IN, name)
        factor_id = given[f"{given['strategy'].kind}_id"]
        return self.answer_flow(sign_in.prepare(flow, self.client.browser, given["strategy"], factor_id))


class AttemptSignIn(Call):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right."""
        given = self.given(inputs.CodeInput)
        flow = self.find(Purpose.SIGN_IN, name)
        with attempting(self.http, flow):
            sign_in.attempt(flow, self.client.browser, **given)
        return self.answer_flow(flow)


class CreateSignUp(Call):
    """Open a sign-up."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.given(inputs.SignUpInput)
        options = {"strategy": given.pop("strategy"), "transfer": given.pop("transfer")}
        current = self.client.flows.get(Purpose.SIGN_UP)
        flow = sign_up.create(self.client.browser, current, given, **options)
        if options["transfer"]:
            self.client.flows.pop(Purpose.SIGN_IN, None)  # it ended with that
        return self.answer_flow(flow)


class EditSignUp(Call):
    """A sign-up as it stands."""

    def get(self, request: Any, name: str) -> Response:
        """Change nothing."""
        return self.answer(resources.flow_of(self.find(Purpose.SIGN_UP, name), self.http))

    def patch(self, request: Any, name: str) -> Response:
        """Change what was given."""
        given = self.given(inputs.FieldsInput)
        flow = self.find(Purpose.SIGN_UP, name)
        return self.answer_flow(sign_up.update(flow, self.client.browser, given))


class PrepareSignUp(Call):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the identifier of this strategy."""
        given = self.given(inputs.StrategyInput)
        flow = self.find(Purpose.SIGN_UP, name)
        return self.answer_flow(sign_up.prepare(flow, self.client.browser, **given))


class AttemptSignUp(Call):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right and nothing else is missing."""
        given = self.given(inputs.CodeInput)
        flow = self.find(Purpose.SIGN_UP, name)
        with attempting(self.http, flow):
            sign_up.attempt(flow, self.client.browser, **given)
        return self.answer_flow(flow)
