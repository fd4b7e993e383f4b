"""One class a call: find, run, answer."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from passwordless_otp import bot_check, clients, tokens
from passwordless_otp.api import exception_handler, origin, parsers, resources
from passwordless_otp.api.environment import environment
from passwordless_otp.errors import RequestTooLarge, ResourceNotFound
from passwordless_otp.models import Flow, InstanceSettings
from passwordless_otp.models.flows import Purpose

OVERRIDES = {"PUT", "PATCH", "DELETE"}


@method_decorator(sensitive_post_parameters("code"), name="dispatch")
class Call(APIView):
    """What all calls share. Nothing of it comes from the site's REST_FRAMEWORK, and nothing goes there."""

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    renderer_classes = [parsers.Renderer]
    parser_classes = [parsers.StrictJSONParser, FormParser, MultiPartParser]
    content_negotiation_class = parsers.AlwaysJSON
    metadata_class = None
    versioning_class = None
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, under the method that `_method` names for clients that can only POST."""
        request.encoding = "utf-8"
        method = request.GET.get("_method", "").upper()
        if request.method == "POST" and method in OVERRIDES:
            request.method = method
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large or comes from another site, before anything is read."""
        super().initial(request, *args, **kwargs)
        length = str(request.META.get("CONTENT_LENGTH", ""))
        if length.isdecimal() and int(length[:20]) > parsers.MAX_BODY:
            raise RequestTooLarge
        origin.check(request._request)

    def perform_authentication(self, request: Any) -> None:
        """Leave the user to Django's session: DRF, with nothing to authenticate by, would take her away."""

    def get_exception_handler(self) -> Any:
        """Use ours, whatever the site's API uses."""
        return exception_handler.answer

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Set the client's cookie; let nobody keep the answer."""
        response = super().finalize_response(request, response, *args, **kwargs)
        clients.remember(self._django(request), response)
        response["Cache-Control"] = "no-store"
        response["Vary"] = "Cookie, Accept-Language"
        return response

    def given(self, into: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the parameters that this call knows. Raises what is wrong with one."""
        plain = parsers.plain(self.request.data)
        bot_check.keep(self.http, plain)
        serializer = into(data=plain)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    @property
    def client(self) -> clients.Client:
        """The browser."""
        return clients.current(self.http)

    @property
    def http(self) -> HttpRequest:
        """Django's own request."""
        return self._django(self.request)

    def find(self, purpose: Purpose, name: str) -> Flow:
        """Return the flow that the path names, if it is this client's. Raises `ResourceNotFound`."""
        prefix, _, digits = name.partition("_")
        if f"{prefix}_" != resources.IDS[purpose] or len(digits) != len(UUID(int=0).hex):
            raise ResourceNotFound
        try:
            return self.client.find(purpose, UUID(digits))
        except ValueError as error:
            raise ResourceNotFound from error

    def answer(self, response: Any) -> Response:
        """Wrap a resource, with the client beside it."""
        return Response({"response": response, "client": resources.client_of(self.http)})

    def answer_flow(self, flow: Flow) -> Response:
        """Answer what a step has made of the flow; log its user in where it is complete."""
        self.client.keep(flow)
        if flow.user is not None:
            clients.log_in(self.http, flow)
        return self.answer(resources.flow_of(flow, self.http))

    @staticmethod
    def _django(request: Any) -> HttpRequest:
        http: HttpRequest = getattr(request, "_request", request)
        return http


class Unknown(Call):
    """Every other path."""

    def get(self, request: Any) -> Response:
        """Refuse."""
        raise ResourceNotFound

    post = put = patch = delete = get


class ReadEnvironment(Call):
    """What the site offers."""

    def get(self, request: Any) -> Response:
        """Answer without the envelope."""
        return Response(environment(InstanceSettings.current()))


class ReadClient(Call):
    """Who am I, which flow is open; sign out."""

    def get(self, request: Any) -> Response:
        """Answer the client twice, as its readers expect."""
        return self.answer(resources.client_of(self.http))

    def delete(self, request: Any) -> Response:
        """Sign out."""
        clients.log_out(self.http)
        return self.answer(resources.client_of(self.http))


class EndSessions(Call):
    """Sign out."""

    delete = ReadClient.delete


class EndSession(Call):
    """Sign out of the session named."""

    def post(self, request: Any, name: str) -> Response:
        """Refuse another's name."""
        clients.require_session(self.http, name)
        session = resources.session_of(self.http) or {}
        clients.log_out(self.http)
        return self.answer({**session, "status": "ended", "last_active_token": None})


class TouchSession(Call):
    """Confirm the session."""

    def post(self, request: Any, name: str) -> Response:
        """Answer it."""
        clients.require_session(self.http, name)
        return self.answer(resources.session_of(self.http))


class CreateToken(Call):
    """The session's token."""

    def post(self, request: Any, name: str) -> Response:
        """Answer without the envelope."""
        clients.require_session(self.http, name)
        return Response(tokens.session_token(self.http.user.pk, clients.session_id(self.http)))


class ReadMe(Call):
    """The user."""

    def get(self, request: Any) -> Response:
        """Answer the signed-in user."""
        clients.require_session(self.http)
        return self.answer(resources.user_of(self.http))
