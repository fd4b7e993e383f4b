"""The calls of the document, and what is derived from all of them together."""

import copy
from collections.abc import Iterator
from typing import Any

from drf_spectacular.generators import SchemaGenerator

from passwordless_otp.api import base
from tools.openapi import refusals
from tools.openapi.calls import Calls
from tools.openapi.schemas import Schema

Endpoint = tuple[str, str, str, Any]  # path, its regular expression, method, view


class Generator(SchemaGenerator):
    """Describes the views with `Calls`, whatever the site's REST_FRAMEWORK setting names."""

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        view = super().create_view(callback, method, request)
        self._set_schema_to_view(view, Calls())
        return view


def documented(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Leave out unknown paths and other names of known ones, and name the parameter as docs/api.md does."""
    return [
        (path.replace("{name}", "{id}"), regex, method, callback)
        for path, regex, method, callback in endpoints
        if callback.cls is not base.Unknown and path.startswith("/v1/")
    ]


def override_methods(result: Schema, **_: Any) -> Schema:
    """Add `POST ?_method=…` for each call of a method that a client may not have."""
    for path in result["paths"].values():
        for method in base.OVERRIDES & {name.upper() for name in path}:
            assert "post" not in path
            path["post"] = _as_post(path[method.lower()], method)
    return result


def _as_post(operation: Schema, method: str) -> Schema:
    operation = copy.deepcopy(operation)
    name = {"name": "_method", "in": "query", "required": True, "schema": {"const": method}}
    operation["parameters"] = [*operation.get("parameters", []), name]
    operation["operationId"] += "_by_post"
    operation["description"] = f"{method}, for clients that can only POST."
    operation["responses"] |= refusals.of_method()
    return operation


def link(result: Schema, **_: Any) -> Schema:
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


def drop_unused(result: Schema, **_: Any) -> Schema:
    """Leave out the responses that no call has."""
    said = str(result["paths"])
    responses = result["components"]["responses"]
    used = {name: each for name, each in responses.items() if f"/responses/{name}'" in said}
    result["components"]["responses"] = used
    return result


def _ids(path: str, method: str) -> Iterator[tuple[str, str]]:
    """Yield where the answer of this call has an id, and the paths that take it."""
    sessions = "/v1/client/sessions/{id}"
    if method == "post" and f"{path}/{{id}}" in ["/v1/client/sign_ins/{id}", "/v1/client/sign_ups/{id}"]:
        yield "$response.body#/response/id", f"{path}/{{id}}"
    elif "/attempt_" in path:
        yield "$response.body#/response/created_session_id", sessions
    elif (path, method) == ("/v1/client", "get"):
        yield "$response.body#/client/last_active_session_id", sessions
