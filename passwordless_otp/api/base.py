"""What all calls share. A call parses its parameters, finds its flow, runs a step and answers."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from passwordless_otp import bot_check, clients
from passwordless_otp.api import exception_handler, origin, parsers, resources
from passwordless_otp.errors import RequestTooLarge, ResourceNotFound
from passwordless_otp.models import Flow
from passwordless_otp.models.flows import Purpose

OVERRIDES = {"PUT", "PATCH", "DELETE"}


@method_decorator(sensitive_post_parameters("code"), name="dispatch")
class APICall(APIView):
    """One call. Nothing of it comes from the site's REST_FRAMEWORK settings, and nothing goes there.

    `http` is Django's own request.
    """

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    renderer_classes = [parsers.Renderer]
    parser_classes = [parsers.StrictJSONParser, FormParser, MultiPartParser]
    content_negotiation_class = parsers.AlwaysJSON
    metadata_class = None
    versioning_class = None
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    http: HttpRequest
    client: clients.Client

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Find the client of the request."""
        super().setup(request, *args, **kwargs)
        self.http, self.client = request, clients.current(request)

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
        origin.check(self.http)

    def perform_authentication(self, request: Any) -> None:
        """Leave the user to Django's session: without authenticators, DRF would replace them by nobody."""

    def get_exception_handler(self) -> Any:
        """Return ours, whatever the site's API uses."""
        return exception_handler.handle

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Set the client's cookie, and forbid to store the answer."""
        response = super().finalize_response(request, response, *args, **kwargs)
        clients.remember(self.http, response)
        response["Cache-Control"] = "no-store"
        response["Vary"] = "Cookie, Accept-Language"
        return response

    def parse(self, serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the parameters that this call knows. Raises what is wrong with one."""
        given = parsers.plain(self.request.data)
        setattr(self.http, bot_check.GIVEN, given)
        serializer = serializer_class(data=given)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def find(self, purpose: Purpose, name: str) -> Flow:
        """Return the flow that the path names. Raises `ResourceNotFound`, also for another client's."""
        prefix, _, digits = name.partition("_")
        if f"{prefix}_" != resources.IDS[purpose] or len(digits) != len(UUID(int=0).hex):
            raise ResourceNotFound
        try:
            return self.client.find(purpose, UUID(digits))
        except ValueError as error:
            raise ResourceNotFound from error

    def answer(self, flow: Flow) -> Response:
        """Answer what a step has made of the flow, beside the client. Logs in the user of a completed flow."""
        self.client.keep(flow)
        if flow.user is not None:
            clients.log_in(self.http, flow)
        return self.show(flow)

    def show(self, flow: Flow) -> Response:
        """Answer the flow, beside the client. An open flow stands in both, and is built once."""
        client = resources.client_of(self.http)
        current = self.client.flows.get(Purpose(flow.purpose))
        shown = client[flow.purpose] if client and current is flow else resources.flow_of(flow, self.http)
        return Response({"response": shown, "client": client})


class Unknown(APICall):
    """Answers any other path below `v1/`, with an error as all calls have them."""

    def get(self, request: Any) -> Response:
        """Raise `ResourceNotFound`, whatever the method."""
        raise ResourceNotFound

    post = put = patch = delete = get
