"""A request's body → one text a name."""

import codecs
import unicodedata

from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from passwordless_otp.errors import BodyInvalid, FormatInvalid, RequestTooLarge

MAX_BODY = 64 * 1024  # bytes
UNFIT = {"Cc", "Cs"}  # control characters, halves of a surrogate pair


def refuse_unreadable(request: HttpRequest) -> None:
    """Raise `RequestTooLarge` for more than any form of ours holds, `BodyInvalid` for other than UTF-8.

    Nor is such a body read for the answer.
    """
    length = str(request.META.get("CONTENT_LENGTH", ""))
    large = length.isdecimal() and int(length[:20]) > MAX_BODY
    if not large and codecs.lookup(request.encoding or "utf-8").name == "utf-8":
        return
    request.encoding = "utf-8"
    request.POST = QueryDict()
    raise RequestTooLarge if large else BodyInvalid


def plain(data: QueryDict) -> dict[str, str]:
    """Return the fields. Raises `FormatInvalid` for one that came twice: no second recipient hides in one."""
    for name, values in data.lists():
        if len(values) != 1:
            raise FormatInvalid(name)
    return {name: encodable(str(value)) for name, value in data.items()}


def encodable(text: str) -> str:
    """Return the text as it can be sent back: some encodings bring halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode()


def refuse_unfit(text: str) -> None:
    """Raise `ValidationError` for what no field of ours may hold, and no database takes."""
    if any(unicodedata.category(character) in UNFIT for character in text):
        raise ValidationError(_("Leave out control characters."), code="control")
