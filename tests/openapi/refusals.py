"""Which refusals a call answers, and what they look like."""

import inspect
from collections import defaultdict

from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail

from passwordless_otp import errors
from passwordless_otp.api import exception_handler, origin
from passwordless_otp.errors import BodyInvalid, MethodNotAllowed, OriginRefused, OTPError, ServiceUnavailable
from tests.openapi import reach
from tests.openapi.shapes import TEXT, array, closed, nullable, one_of, prefixed, ref

WITH_CLIENT = exception_handler.WITH_CLIENT  # those that a front end goes on from


def of_call(view, method, takes=None):
    """Return the refusals of a view's method, which takes this serializer, if any."""
    raised = reach.exceptions(view.initial, view) | reach.exceptions(getattr(view, method), view)
    if takes is not None:
        raised |= {exceptions.UnsupportedMediaType}.union(*map(_of_parser, view.parser_classes))
    found = {_ours(each) for each in raised} | {ServiceUnavailable}  # there is no call without a database
    if takes is not None:
        found |= _of_serializer(takes)
    if method.upper() in origin.SAFE:
        found.discard(OriginRefused)
    else:
        found.add(BodyInvalid)  # Django looks for a CSRF token in a form, also where nothing is asked for
    return found - {None, OTPError}


def _ours(raised):
    if issubclass(raised, OTPError):
        return raised
    return next((ours for theirs, ours in exception_handler.OURS if issubclass(raised, theirs)), None)


def _of_parser(parser):
    ours = parser.__module__.startswith("passwordless_otp")
    return reach.exceptions(parser.parse, parser) if ours else set()


def _of_serializer(serializer):
    """Return what the error handler makes of everything that this serializer can find wrong."""
    return {
        type(exception_handler._of_field(name, ErrorDetail("", code=code)))
        for name, field in serializer().fields.items()
        for code in field.error_messages
        if code != "required" or field.required
    }


def responses(refusals):
    """Return them as OpenAPI has them, by status."""
    by_status = defaultdict(list)
    for refusal in sorted(refusals, key=lambda each: each.code):
        by_status[str(refusal.status)].append(refusal)
    return {status: _named(group) for status, group in sorted(by_status.items())}


def _named(group):
    """One refusal alone is written once for all calls."""
    return {"$ref": f"#/components/responses/{group[0].__name__}"} if len(group) == 1 else _response(group)


def every():
    """Return all refusals that there are."""
    classes = [each for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, OTPError)]
    return [each for each in classes if each is not OTPError]


def alone():
    """Return the response of each refusal that is the only one of its status."""
    refusals = {each.__name__: each for each in every()}
    return {name: _response([refusal]) for name, refusal in sorted(refusals.items())}


def _response(group):
    plain = [refusal.code for refusal in group if refusal not in WITH_CLIENT]
    shapes = [{"allOf": [ref("Refusals"), _only(plain)]}] if plain else []
    if set(group) & set(WITH_CLIENT):
        shapes.append(ref("RefusalWithClient"))
    lines = [f"* `{refusal.code}`: {inspect.getdoc(refusal)}" for refusal in group]
    retry = {"Retry-After": {"$ref": "#/components/headers/RetryAfter"}}
    return {
        "description": "\n".join(lines),
        **({"headers": retry} if _waits(group) else {}),
        "content": {"application/json": {"schema": shapes[0] if len(shapes) == 1 else {"oneOf": shapes}}},
    }


def _waits(group):
    """Tell whether an answer of this status says when to come back: each 429 does."""
    return any(refusal.retry_after or refusal.status == TOO_MANY for refusal in group)


def _only(codes):
    return {"properties": {"errors": {"items": {"properties": {"code": one_of(*codes)}}}}}


def schemas():
    """Return the schemas that the responses refer to."""
    trace_id = {**prefixed(""), "description": "Stands in the site's log, too."}
    meta = closed(optional=["param_name"], param_name={**TEXT, "description": "The parameter at fault."})
    refusal = closed(code=TEXT, message=TEXT, long_message=TEXT, meta=meta)
    same = _only([refusal.code for refusal in WITH_CLIENT])["properties"]["errors"]["items"]
    alone = array({"allOf": [ref("Refusal"), same]}, minItems=1, maxItems=1)
    return {
        "Refusal": refusal,
        "Refusals": closed(errors=array(ref("Refusal"), minItems=1), trace_id=trace_id),
        "RefusalWithClient": closed(errors=alone, trace_id=trace_id, meta=closed(client=nullable(ref("Client")))),
    }


def of_method():
    """Return the refusal of a `_method` that a path does not know."""
    return responses({MethodNotAllowed})


TOO_MANY = exceptions.Throttled.status_code
