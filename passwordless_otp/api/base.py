"""What all calls share. A call parses its parameters, finds its flow, runs a step and answers."""

from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseSession
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from rest_framework.exceptions import ParseError
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from passwordless_otp import bot_check, clients, conf
from passwordless_otp.api import exception_handler, native, origin, parsers, resources
from passwordless_otp.errors import RequestTooLarge, ResourceNotFound
from passwordless_otp.flows import unlock
from passwordless_otp.models import Flow
from passwordless_otp.models.flows import Purpose

OVERRIDES = {"PUT", "PATCH", "DELETE"}


@method_decorator(sensitive_post_parameters("code", "unlock_token"), name="dispatch")
class APICall(APIView):
    """One call, independent of the site's REST_FRAMEWORK settings.

    `http` is Django's own request; with native transport, a copy that has no cookies.
    """

    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    renderer_classes = [parsers.Renderer]
    parser_classes = [parsers.StrictJSONParser, parsers.StrictFormParser, parsers.StrictMultiPartParser]
    content_negotiation_class = parsers.ByContentType
    metadata_class = None
    versioning_class = None
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]
    http: HttpRequest
    client: clients.Client
    is_native = False
    needs_session_store = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Answer, under the method that `_method` names for clients that can only POST. Sets the cookie.

        With native transport, the session and the user of the request are not looked at, and no cookie is set.
        """
        request.encoding = "utf-8"
        method = request.GET.get("_method", "").upper()
        if request.method == "POST" and method in OVERRIDES:
            request.method = method
        self.is_native = request.GET.get(native.PARAMETER) == "1"
        if self.is_native:
            request = native.stand_in(request)
        self.http, self.client = request, clients.current(request)
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        response["Vary"] = "Cookie, Accept-Language"
        if self.is_native:
            native.answer(request, response)
        else:
            clients.remember(request, response)
        return response

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        """Refuse what is too large or comes from another site, before anything is read.

        Nothing else of DRF's own is done: the answer is JSON whatever `Accept` asks for, and the user is the one
        of Django's session. DRF, which has no authenticators here, would make it an anonymous one.
        """
        request.accepted_renderer, request.accepted_media_type = parsers.Renderer(), parsers.Renderer.media_type
        length = str(request.META.get("CONTENT_LENGTH", ""))
        if length.isdecimal() and int(length[:20]) > conf.MAX_BODY:
            raise RequestTooLarge
        if not self.is_native or native.is_page(self.http):
            origin.check(self.http)
        if self.needs_session_store and type(self.http.session) is not DatabaseSession:
            clients.require_store(self.http)

    def get_exception_handler(self) -> Any:
        """Return ours, whatever the site's API uses."""
        return exception_handler.handle

    def parse(self, serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
        """Return the parameters that this call knows. Raises what is wrong with one."""
        given = self.request.data
        if isinstance(given, QueryDict):  # one that came several times becomes a list, which no field takes
            given = {name: values[0] if len(values) == 1 else values for name, values in given.lists()}
        if not isinstance(given, dict):
            raise ParseError
        setattr(self.http, bot_check.GIVEN, given)
        serializer = serializer_class(data=given)
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)

    def find(self, purpose: Purpose, name: str) -> Flow:
        """Return the flow whose wire id is `name`. Raises `ResourceNotFound`, also for another client's.

        Its sentence says so if the request came without a client cookie: without it there is no flow to find.
        """
        for flow in self.client.own:
            if flow.purpose == purpose and name == resources.IDS[purpose] + flow.pk.hex:
                return flow
        if self.client.secret:
            raise ResourceNotFound
        raise ResourceNotFound(
            long_message=native.NO_TOKEN if self.is_native else origin.without_cookie(self.http)
        )

    def redeem(self, token: str) -> None:
        """Give this client the grant of an unlock link. Raises `ValueInvalid`."""
        unlock.redeem(self.client.settings, token, self.client.visitor)
        self.client.keep_grant()

    def answer(self, flow: Flow) -> Response:
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
