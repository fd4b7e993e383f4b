"""The calls of sign-in and sign-up.

Each reads its parameters before it looks for the flow: whoever sends a body slowly finds the flow as it is then.
"""

from typing import Any

from django.views.decorators.debug import sensitive_variables
from rest_framework.response import Response

from passwordless_otp import clients
from passwordless_otp.api import resources, serializers
from passwordless_otp.api.base import Call
from passwordless_otp.flows import sign_in, sign_up
from passwordless_otp.models.flows import Purpose


class CreateSignIn(Call):
    """Open a sign-in."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.given(serializers.SignInInput)
        current = self.client.flows.get(Purpose.SIGN_IN)
        return self.answer_flow(sign_in.create(self.client.settings, current, self.client.visitor, **given))


class ReadSignIn(Call):
    """A sign-in as it stands."""

    def get(self, request: Any, name: str) -> Response:
        """Change nothing."""
        return self.answer(resources.flow_of(self.find(Purpose.SIGN_IN, name), self.http))


class PrepareSignIn(Call):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the factor named, or to the one that there is."""
        given = self.given(serializers.FactorInput)
        flow = self.find(Purpose.SIGN_IN, name)
        factor_id = given[f"{given['strategy'].kind}_id"]
        return self.answer_flow(
            sign_in.prepare(self.client.settings, flow, self.client.visitor, given["strategy"], factor_id)
        )


class AttemptSignIn(Call):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right."""
        given = self.given(serializers.CodeInput)
        flow = self.find(Purpose.SIGN_IN, name)
        with clients.attempting(self.http):
            flow = sign_in.attempt(self.client.settings, flow, self.client.visitor, **given)
        return self.answer_flow(flow)


class CreateSignUp(Call):
    """Open a sign-up."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.given(serializers.SignUpInput)
        options = {"strategy": given.pop("strategy"), "transfer": given.pop("transfer")}
        current = self.client.flows.get(Purpose.SIGN_UP)
        flow = sign_up.create(self.client.settings, current, self.client.visitor, given, **options)
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
        given = self.given(serializers.FieldsInput)
        flow = self.find(Purpose.SIGN_UP, name)
        return self.answer_flow(sign_up.update(self.client.settings, flow, self.client.visitor, given))


class PrepareSignUp(Call):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the identifier of this strategy."""
        given = self.given(serializers.StrategyInput)
        flow = self.find(Purpose.SIGN_UP, name)
        return self.answer_flow(sign_up.prepare(self.client.settings, flow, self.client.visitor, **given))


class AttemptSignUp(Call):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right and nothing else is missing."""
        given = self.given(serializers.CodeInput)
        flow = self.find(Purpose.SIGN_UP, name)
        with clients.attempting(self.http):
            flow = sign_up.attempt(self.client.settings, flow, self.client.visitor, **given)
        return self.answer_flow(flow)
