"""One operation of the document for each call."""

import inspect
from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from passwordless_otp.api import flow_views, origin, serializers, session_views
from passwordless_otp.errors import SignedOut
from passwordless_otp.identifiers import Strategy
from tools.openapi import reach, refusals
from tools.openapi.schemas import TEXT, Schema, closed, nullable, one_of, ref

# What each view answers; a new one has to be named here.
ANSWERS: dict[type[APIView], Schema] = {
    session_views.ReadEnvironment: ref("Environment"),
    session_views.ReadKeys: ref("Keys"),
    session_views.ReadMe: ref("User"),
    session_views.ReadClient: nullable(ref("Client")),
    session_views.EndSessions: nullable(ref("Client")),
    session_views.TouchSession: ref("Session"),
    session_views.CreateToken: ref("Token"),
    session_views.EndSession: ref("EndedSession"),
    flow_views.CreateSignIn: ref("SignIn"),
    flow_views.ReadSignIn: ref("SignIn"),
    flow_views.PrepareSignIn: ref("SignIn"),
    flow_views.AttemptSignIn: ref("SignIn"),
    flow_views.CreateSignUp: ref("SignUp"),
    flow_views.EditSignUp: ref("SignUp"),
    flow_views.PrepareSignUp: ref("SignUp"),
    flow_views.AttemptSignUp: ref("SignUp"),
}
# Without the envelope.
BARE = {session_views.ReadEnvironment, session_views.ReadKeys, session_views.CreateToken}
ORIGIN = {
    "name": "Origin",
    "in": "header",
    "required": False,
    "schema": TEXT,
    "description": "Of the page that makes the call; browsers send it. May be left out with a body in JSON.",
}


class Calls(AutoSchema):
    """Answers drf-spectacular's questions about a call from the code of its view."""

    def get_operation(self, *args: Any) -> Schema:
        operation = super().get_operation(*args) or {}
        refused = refusals.of_call(type(self.view), self.method.lower(), self.takes)
        return {**operation, "responses": {"200": self._success(), **refusals.responses(refused)}}

    def _success(self) -> Schema:
        view = type(self.view)
        answer = ANSWERS[view]
        schema = answer if view in BARE else closed(response=answer, client=nullable(ref("Client")))
        return {
            "description": "Done.",
            "headers": {"Cache-Control": {"$ref": "#/components/headers/CacheControl"}},
            "content": {"application/json": {"schema": schema}},
        }

    @property
    def takes(self) -> type[Serializer] | None:
        """The serializer that the method names."""
        found = reach.named(getattr(type(self.view), self.method.lower()))
        return next((each for each in found if issubclass(each, Serializer)), None)

    def get_request_serializer(self) -> type[Serializer] | None:
        return self.takes

    def get_response_serializers(self) -> Any:
        return {}

    def get_operation_id(self) -> str:
        words = [word.strip("{}") for word in self.path.split("/")[2:]]
        return "_".join([self.method.lower(), *words])

    def get_summary(self) -> str | None:
        return inspect.getdoc(type(self.view))

    def get_description(self) -> str | None:  # type: ignore[override]
        return inspect.getdoc(getattr(self.view, self.method.lower()))

    def get_tags(self) -> list[str]:
        words = self.path.split("/")[2:4]
        return [words[-1]]

    def get_auth(self) -> list[dict[str, list[str]]]:
        """Return the cookies that the call needs: the session's, the client's, or neither."""
        refused = refusals.of_call(type(self.view), self.method.lower())
        if SignedOut in refused:
            return [{"session": []}]
        return [{"client": []}] if "{id}" in self.path else [{}, {"client": []}, {"session": []}]

    def _resolve_path_parameters(self, variables: list[str]) -> list[Schema]:
        return [{"name": name, "in": "path", "required": True, "schema": TEXT} for name in variables]

    def get_override_parameters(self) -> list[Any]:
        return []

    def _get_parameters(self) -> list[Schema]:
        unsafe = [] if self.method in origin.SAFE else [ORIGIN]
        return [*super()._get_parameters(), *unsafe]

    def _map_serializer_field(self, field: Any, direction: str, bypass_extensions: bool = False) -> Any:
        if not isinstance(field, serializers.Text):
            return super()._map_serializer_field(field, direction, bypass_extensions)
        if isinstance(field, serializers.Choice):
            return one_of(*Strategy)
        if isinstance(field, serializers.Code):
            return TEXT  # of any length: a long one is a wrong code
        return {**TEXT, "maxLength": field.max_length}
