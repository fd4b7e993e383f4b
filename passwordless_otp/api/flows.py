"""The calls of sign-in and sign-up."""

from typing import Any

from django.views.decorators.debug import sensitive_variables
from rest_framework.response import Response

from passwordless_otp import clients
from passwordless_otp.api import inputs, resources
from passwordless_otp.api.views import Call
from passwordless_otp.flows import sign_in, sign_up
from passwordless_otp.models.flows import Purpose


class CreateSignIn(Call):
    """Open a sign-in."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.given(inputs.SignInInput)
        current = self.client.flows.get(Purpose.SIGN_IN)
        return self.answer_flow(sign_in.create(self.client.ensure(), current, **given))


class ReadSignIn(Call):
    """A sign-in as it stands."""

    def get(self, request: Any, name: str) -> Response:
        """Change nothing."""
        return self.answer(resources.flow_of(self.find(Purpose.SIGN_IN, name), self.http))


class PrepareSignIn(Call):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the factor named, or to the one that there is."""
        flow = self.find(Purpose.SIGN_IN, name)
        given = self.given(inputs.FactorInput)
        factor_id = given[f"{given['strategy'].kind}_id"]
        return self.answer_flow(sign_in.prepare(flow, given["strategy"], factor_id))


class AttemptSignIn(Call):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right."""
        flow = self.find(Purpose.SIGN_IN, name)
        given = self.given(inputs.CodeInput)
        return self.answer_flow(sign_in.attempt(flow, **given, successor=self.client.succeed()))


class CreateSignUp(Call):
    """Open a sign-up."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.given(inputs.SignUpInput)
        options = {"strategy": given.pop("strategy"), "transfer": given.pop("transfer")}
        current = self.client.flows.get(Purpose.SIGN_UP)
        digest = self.client.ensure()
        return self.answer_flow(sign_up.create(digest, current, given, self.client.succeed(), **options))


class EditSignUp(Call):
    """A sign-up as it stands."""

    def get(self, request: Any, name: str) -> Response:
        """Change nothing."""
        return self.answer(resources.flow_of(self.find(Purpose.SIGN_UP, name), self.http))

    def patch(self, request: Any, name: str) -> Response:
        """Change what was given."""
        flow = self.find(Purpose.SIGN_UP, name)
        given = self.given(inputs.FieldsInput)
        return self.answer_flow(sign_up.update(flow, given, self.client.succeed()))


class PrepareSignUp(Call):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the identifier of this strategy."""
        flow = self.find(Purpose.SIGN_UP, name)
        return self.answer_flow(sign_up.prepare(flow, **self.given(inputs.StrategyInput)))


class AttemptSignUp(Call):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right and nothing else is missing."""
        flow = self.find(Purpose.SIGN_UP, name)
        given = self.given(inputs.CodeInput)
        return self.answer_flow(sign_up.attempt(flow, **given, successor=self.client.succeed()))
