"""The refusals that a call can answer, and their schemas."""

import inspect
from collections import defaultdict
from collections.abc import Collection, Iterable

from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail
from rest_framework.parsers import BaseParser
from rest_framework.serializers import Serializer
from rest_framework.views import APIView

from passwordless_otp import errors
from passwordless_otp.api import exception_handler, origin
from passwordless_otp.errors import BodyInvalid, MethodNotAllowed, OriginRefused, OTPError, ServiceUnavailable
from tools.openapi import reach
from tools.openapi.schemas import TEXT, Schema, array, closed, nullable, one_of, prefixed, ref

Refusal = type[OTPError]

WITH_CLIENT = exception_handler.WITH_CLIENT  # a front end goes on from these
WITH_REDIRECT = (errors.SecondFactorRequired,)  # and from these at another URL


def of_call(view: type[APIView], method: str, takes: type[Serializer] | None = None) -> set[Refusal]:
    """Return the refusals of a view's method, which takes this serializer, if any."""
    raised = reach.exceptions(view.initial, view) | reach.exceptions(getattr(view, method), view)
    if takes is not None:
        raised |= {exceptions.UnsupportedMediaType}.union(*map(_of_parser, view.parser_classes))
    found = {refusal for each in raised if (refusal := _ours(each))}
    found.add(ServiceUnavailable)  # there is no call without a database
    if takes is not None:
        found |= _of_serializer(takes)
    if method.upper() in origin.SAFE:
        found.discard(OriginRefused)
    else:
        found.add(BodyInvalid)  # Django looks for a CSRF token in a form, also where nothing is asked for
    return found - {OTPError}


def _ours(raised: type[Exception]) -> Refusal | None:
    if issubclass(raised, OTPError):
        return raised
    return next((ours for theirs, ours in exception_handler.OURS if issubclass(raised, theirs)), None)


def _of_parser(parser: type[BaseParser]) -> Collection[type[Exception]]:
    ours = parser.__module__.startswith("passwordless_otp")
    return reach.exceptions(parser.parse, parser) if ours else ()


def _of_serializer(serializer: type[Serializer]) -> set[Refusal]:
    """Return the refusals that the error handler makes of all error codes of this serializer."""
    return {
        type(exception_handler._of_field(name, ErrorDetail("", code=code)))
        for name, field in serializer().fields.items()
        for code in field.error_messages
        if code != "required" or field.required
    }


def responses(refusals: Iterable[Refusal]) -> Schema:
    """Return the responses of OpenAPI for these, by status."""
    by_status: dict[str, list[Refusal]] = defaultdict(list)
    for refusal in sorted(refusals, key=lambda each: each.code):
        by_status[str(refusal.status)].append(refusal)
    return {status: _named(group) for status, group in sorted(by_status.items())}


def _named(group: list[Refusal]) -> Schema:
    """Return a response; that of one refusal alone is a reference, because many calls have it."""
    return {"$ref": f"#/components/responses/{group[0].__name__}"} if len(group) == 1 else _response(group)


def every() -> list[Refusal]:
    """Return all refusals of the package."""
    classes = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, OTPError)]
    return [each for each in classes if each is not OTPError]


def alone() -> Schema:
    """Return the response of each refusal that is the only one of its status."""
    refusals = {each.__name__: each for each in every()}
    return {name: _response([refusal]) for name, refusal in sorted(refusals.items())}


def _response(group: list[Refusal]) -> Schema:
    plain = [refusal.code for refusal in group if refusal not in WITH_CLIENT + WITH_REDIRECT]
    choices = [{"allOf": [ref("Refusals"), _only(plain)]}] if plain else []
    if set(group) & set(WITH_CLIENT):
        choices.append(ref("RefusalWithClient"))
    if set(group) & set(WITH_REDIRECT):
        choices.append(ref("RefusalWithRedirect"))
    lines = [f"* `{refusal.code}`: {_reason(refusal)}" for refusal in group]
    retry = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return {
        "description": "\n".join(lines),
        **({"headers": retry} if _waits(group) else {}),
        "content": {"application/json": {"schema": choices[0] if len(choices) == 1 else {"oneOf": choices}}},
    }


def _reason(refusal: Refusal) -> str:
    """Return the docstring of the refusal, for readers who see an answer and no exception."""
    return (inspect.getdoc(refusal) or "").removeprefix("Raised ")


def _waits(group: list[Refusal]) -> bool:
    """Tell whether the answer has a Retry-After header: each 429 has."""
    return any(refusal.retry_after or refusal.status == TOO_MANY for refusal in group)


def _only(codes: list[str]) -> Schema:
    return {"properties": {"errors": {"items": {"properties": {"code": one_of(*codes)}}}}}


def schemas() -> dict[str, Schema]:
    """Return the schemas that the responses refer to."""
    trace_id = {**prefixed(""), "description": "Stands in the site's log, too."}
    redirect = {**TEXT, "description": "The path on this site where the visitor goes on."}
    meta = closed(
        optional=["param_name", "other_login_url", "redirect_url"],
        param_name={**TEXT, "description": "The parameter at fault."},
        other_login_url={**TEXT, "description": "Where to sign in instead of by code."},
        redirect_url=redirect,
    )
    refusal = closed(code=TEXT, message=TEXT, long_message=TEXT, meta=meta)
    return {
        "Refusal": refusal,
        "Refusals": closed(errors=array(ref("Refusal"), minItems=1), trace_id=trace_id),
        "RefusalWithClient": closed(
            errors=_alone(WITH_CLIENT), trace_id=trace_id, meta=closed(client=nullable(ref("Client")))
        ),
        "RefusalWithRedirect": closed(
            errors=_alone(WITH_REDIRECT), trace_id=trace_id, meta=closed(redirect_url=redirect)
        ),
    }


def _alone(refusals: Iterable[Refusal]) -> Schema:
    """Return a list of one refusal, of one of these kinds."""
    same = _only([refusal.code for refusal in refusals])["properties"]["errors"]["items"]
    return array({"allOf": [ref("Refusal"), same]}, minItems=1, maxItems=1)


def of_method() -> Schema:
    """Return the response to a `_method` that a path does not know."""
    return responses({MethodNotAllowed})


TOO_MANY = exceptions.Throttled.status_code
