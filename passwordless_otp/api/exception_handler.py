"""The answer to an exception: JSON with the error's code and words."""

import logging
import uuid
from typing import Any

from django.core import exceptions as core
from django.db import DatabaseError
from django.http.multipartparser import MultiPartParserError
from django.shortcuts import resolve_url
from rest_framework import exceptions
from rest_framework.response import Response

from passwordless_otp import errors
from passwordless_otp.api import resources
from passwordless_otp.errors import OTPError
from passwordless_otp.models.base import diagnose

logger = logging.getLogger("passwordless_otp.api")

# What Django and DRF raise, and the error that is answered.
OURS: list[tuple[type[Exception] | tuple[type[Exception], ...], type[OTPError]]] = [
    ((exceptions.ParseError, MultiPartParserError), errors.BodyInvalid),
    (exceptions.UnsupportedMediaType, errors.UnsupportedContentType),
    (exceptions.MethodNotAllowed, errors.MethodNotAllowed),
    ((core.RequestDataTooBig, core.TooManyFieldsSent, core.TooManyFilesSent), errors.RequestTooLarge),
    (core.SuspiciousOperation, errors.BodyInvalid),
    (core.ObjectDoesNotExist, errors.ResourceNotFound),
    (DatabaseError, errors.ServiceUnavailable),
]

# Errors after which a front end goes on with what the client has: it stands in `meta`.
WITH_CLIENT = (errors.SessionExists, errors.TransferRequired)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """Return the answer to this exception; `None` for one that is not foreseen. DRF calls it."""
    refusals = _refusals(error)
    if not refusals:
        return None
    trace_id = uuid.uuid4().hex
    first = refusals[0]
    if isinstance(error, DatabaseError | errors.ServiceUnavailable):
        logger.error("%s: %s (%s)", first.code, diagnose(error)[1], trace_id)
    else:
        logger.info("%s %s (%s)", first.code, first.param, trace_id)
    headers = {"Retry-After": str(first.retry_after)} if first.retry_after else None
    body: dict[str, Any] = {"errors": [_entry(refusal) for refusal in refusals], "trace_id": trace_id}
    if isinstance(first, WITH_CLIENT):
        body["meta"] = {"client": resources.client_of(context["view"].http)}
    if isinstance(first, errors.SecondFactorRequired):
        body["meta"] = _meta(first)
    return Response(body, status=first.status, headers=headers)


def _refusals(error: Exception) -> list[OTPError]:
    if isinstance(error, DatabaseError | errors.ServiceUnavailable):
        return [diagnose(error)[0]]
    if isinstance(error, OTPError):
        return [error]
    if isinstance(error, exceptions.ValidationError):
        return [_of_field(name, details[0]) for name, details in error.detail.items()]  # type: ignore[union-attr,index]
    return [ours() for theirs, ours in OURS if isinstance(error, theirs)][:1]


def _of_field(name: str, detail: Any) -> OTPError:
    """Return the error for what a serializer has found wrong with a field."""
    if detail.code == "required":
        return errors.ParamMissing(name)
    kind = errors.ValueInvalid if detail.code == "invalid_choice" else errors.FormatInvalid
    return kind(name, str(detail))


def _entry(refusal: OTPError) -> dict[str, Any]:
    return {
        "code": refusal.code,
        "message": str(refusal.message),
        "long_message": str(refusal.long_message),
        "meta": _meta(refusal),
    }


def _meta(refusal: OTPError) -> dict[str, str]:
    if isinstance(refusal, errors.SecondFactorRequired):
        return {"redirect_url": refusal.redirect_url}
    if isinstance(refusal, errors.IdentificationClaimed) and refusal.other_login_url:
        return {"other_login_url": resolve_url(refusal.other_login_url)}
    return {"param_name": refusal.param} if refusal.param else {}
