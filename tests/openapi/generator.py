"""Which calls are in the document, and what follows from all of them together."""

import copy

from drf_spectacular.generators import SchemaGenerator

from passwordless_otp.api import base
from tests.openapi import refusals
from tests.openapi.calls import Calls


class Generator(SchemaGenerator):
    """Describes our views, whatever the site's REST_FRAMEWORK says of schemas."""

    def create_view(self, callback, method, request=None):
        view = super().create_view(callback, method, request)
        self._set_schema_to_view(view, Calls())
        return view


def documented(endpoints):
    """Leave out the view of unknown paths, and name the parameter of paths as docs/api.md does."""
    return [
        (path.replace("{name}", "{id}"), regex, method, callback)
        for path, regex, method, callback in endpoints
        if callback.cls is not base.Unknown
    ]


def override_methods(result, **_):
    """Add `POST ?_method=…` for each call of a method that a client may not have."""
    for path in result["paths"].values():
        for method in base.OVERRIDES & {name.upper() for name in path}:
            assert "post" not in path
            path["post"] = _as_post(path[method.lower()], method)
    return result


def _as_post(operation, method):
    operation = copy.deepcopy(operation)
    name = {"name": "_method", "in": "query", "required": True, "schema": {"const": method}}
    operation["parameters"] = [*operation.get("parameters", []), name]
    operation["operationId"] += "_by_post"
    operation["description"] = f"{method}, for clients that can only POST."
    operation["responses"] |= refusals.of_method()
    return operation


def link(result, **_):
    """Link each call that answers a flow or a session to the calls that take its id."""
    calls = {
        (path, method): call for path, methods in result["paths"].items() for method, call in methods.items()
    }
    for (path, method), call in calls.items():
        for place, prefix in _ids(path, method):
            targets = [each for (other, _), each in calls.items() if other.startswith(prefix)]
            call["responses"]["200"].setdefault("links", {}).update(
                {
                    each["operationId"]: {"operationId": each["operationId"], "parameters": {"id": place}}
                    for each in targets
                }
            )
    return result


def drop_unused(result, **_):
    """Leave out the responses that no call has."""
    said = str(result["paths"])
    responses = result["components"]["responses"]
    used = {name: each for name, each in responses.items() if f"/responses/{name}'" in said}
    result["components"]["responses"] = used
    return result


def _ids(path, method):
    """Return where the answer of this call has an id, and where that is taken."""
    sessions = "/v1/client/sessions/{id}"
    if method == "post" and f"{path}/{{id}}" in ["/v1/client/sign_ins/{id}", "/v1/client/sign_ups/{id}"]:
        return [("$response.body#/response/id", f"{path}/{{id}}")]
    if "/attempt_" in path:
        return [("$response.body#/response/created_session_id", sessions)]
    return (
        [("$response.body#/client/last_active_session_id", sessions)]
        if (path, method) == ("/v1/client", "get")
        else []
    )
