"""The calls of sign-in and sign-up. A body may arrive slowly, so the flow is looked for once that is parsed."""

from typing import Any

from django.views.decorators.debug import sensitive_variables
from rest_framework.response import Response

from passwordless_otp import clients
from passwordless_otp.api import serializers
from passwordless_otp.api.base import APICall
from passwordless_otp.flows import sign_in, sign_up
from passwordless_otp.models.flows import Purpose


class CreateSignIn(APICall):
    """Open a sign-in."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.parse(serializers.SignInInput)
        if token := given.pop("unlock_token"):
            self.redeem(token)
        current = self.client.flows.get(Purpose.SIGN_IN)
        flow = sign_in.create(self.client.settings, current, self.client.visitor, **given)
        self.client.keep(flow)
        return self.answer(flow)


class ReadSignIn(APICall):
    """A sign-in as it stands."""

    def get(self, request: Any, name: str) -> Response:
        """Answer the sign-in; nothing changes and nothing is sent."""
        return self.answer(self.find(Purpose.SIGN_IN, name))


class PrepareSignIn(APICall):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the factor whose id is given, or to the only one. Sends nothing within the resend interval."""
        given = self.parse(serializers.FactorInput)
        flow = self.find(Purpose.SIGN_IN, name)
        if token := given.pop("unlock_token"):
            self.redeem(token)
        strategy = given["strategy"]
        factor_id = given[f"{strategy.kind}_id"]
        flow = sign_in.prepare(self.client.settings, flow, self.client.visitor, strategy, factor_id)
        self.client.keep(flow)
        return self.answer(flow)


class AttemptSignIn(APICall):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right."""
        given = self.parse(serializers.CodeInput)
        flow = self.find(Purpose.SIGN_IN, name)
        with clients.attempting(self.http):
            flow = sign_in.attempt(self.client.settings, flow, self.client.visitor, **given)
        clients.log_in_if_complete(self.http, flow)
        return self.answer(flow)


class CreateSignUp(APICall):
    """Open a sign-up."""

    def post(self, request: Any) -> Response:
        """Send nothing unless a strategy is named."""
        clients.refuse_session(self.http)
        given = self.parse(serializers.SignUpInput)
        if token := given.pop("unlock_token"):
            self.redeem(token)
        options = {"strategy": given.pop("strategy"), "transfer": given.pop("transfer")}
        current = self.client.flows.get(Purpose.SIGN_UP)
        flow = sign_up.create(self.client.settings, current, self.client.visitor, given, **options)
        if options["transfer"]:
            self.client.flows.pop(Purpose.SIGN_IN, None)  # it ended with that
        clients.log_in_if_complete(self.http, flow)
        return self.answer(flow)


class EditSignUp(APICall):
    """Read or change a sign-up."""

    def get(self, request: Any, name: str) -> Response:
        """Answer the sign-up; nothing changes and nothing is sent."""
        return self.answer(self.find(Purpose.SIGN_UP, name))

    def patch(self, request: Any, name: str) -> Response:
        """Change the fields that are given, and no others."""
        given = self.parse(serializers.FieldsInput)
        flow = self.find(Purpose.SIGN_UP, name)
        flow = sign_up.update(self.client.settings, flow, self.client.visitor, given)
        clients.log_in_if_complete(self.http, flow)
        return self.answer(flow)


class PrepareSignUp(APICall):
    """Send a code."""

    def post(self, request: Any, name: str) -> Response:
        """To the identifier of this strategy. Sends nothing within the resend interval."""
        given = self.parse(serializers.StrategyInput)
        flow = self.find(Purpose.SIGN_UP, name)
        if token := given.pop("unlock_token"):
            self.redeem(token)
        flow = sign_up.prepare(self.client.settings, flow, self.client.visitor, **given)
        self.client.keep(flow)
        return self.answer(flow)


class AttemptSignUp(APICall):
    """Hand in a code."""

    @sensitive_variables("given")
    def post(self, request: Any, name: str) -> Response:
        """Log in if it is right and nothing else is missing."""
        given = self.parse(serializers.CodeInput)
        flow = self.find(Purpose.SIGN_UP, name)
        with clients.attempting(self.http):
            flow = sign_up.attempt(self.client.settings, flow, self.client.visitor, **given)
        clients.log_in_if_complete(self.http, flow)
        return self.answer(flow)
