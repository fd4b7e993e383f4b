"""A request's body → one text a name."""

import codecs
import unicodedata

from django.core.exceptions import (
    RequestDataTooBig,
    SuspiciousOperation,
    TooManyFieldsSent,
    TooManyFilesSent,
    ValidationError,
)
from django.http import HttpRequest, QueryDict, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from passwordless_otp.errors import BodyInvalid, FormatInvalid, OTPError, RequestTooLarge

MAX_BODY = 64 * 1024  # bytes
TOO_LARGE = (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)
UNFIT = {"Cc", "Cs"}  # control characters, halves of a surrogate pair


def read(request: HttpRequest) -> None:
    """Read the query and the body. Raises `RequestTooLarge` or `BodyInvalid`, and leaves the body empty."""
    try:
        _refuse_unreadable(request)
        _ = request.GET, request.POST
    except OTPError:
        _empty(request)
        raise
    except TOO_LARGE as error:
        _empty(request)
        raise RequestTooLarge from error
    except (SuspiciousOperation, MultiPartParserError, UnreadablePostError) as error:
        _empty(request)
        raise BodyInvalid from error


def _refuse_unreadable(request: HttpRequest) -> None:
    """Refuse more than any form of ours holds, and other than UTF-8, before it is read."""
    length = str(request.META.get("CONTENT_LENGTH", ""))
    if length.isdecimal() and int(length[:20]) > MAX_BODY:
        raise RequestTooLarge
    if codecs.lookup(request.encoding or "utf-8").name != "utf-8":
        raise BodyInvalid


def _empty(request: HttpRequest) -> None:
    """Leave nothing that can't be read: the page that says so still looks where the visitor was going."""
    request.GET = QueryDict()  # changing the encoding looks at it, and forgets it
    request.encoding = "utf-8"
    request.POST = QueryDict()
    try:
        _ = request.GET
    except SuspiciousOperation:
        request.GET = QueryDict()


@sensitive_variables()
def plain(data: QueryDict) -> dict[str, str]:
    """Return the fields. Raises `FormatInvalid` for one that came twice: no second recipient hides in one."""
    for name, values in data.lists():
        if len(values) != 1:
            raise FormatInvalid(name)
    return {name: encodable(str(value)) for name, value in data.items()}


@sensitive_variables()
def encodable(text: str) -> str:
    """Return the text as it can be sent back: some encodings bring halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def refuse_unfit(text: str) -> None:
    """Raise `ValidationError` for what no field of ours may hold, and no database takes."""
    if any(unicodedata.category(character) in UNFIT for character in text):
        raise ValidationError(_("Leave out control characters."), code="control")
