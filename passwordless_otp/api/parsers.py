"""A request's body → a plain dict, whatever it was encoded as."""

import json
from typing import IO, Any

from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer

from passwordless_otp.errors import RequestTooLarge

MAX_BODY = 64 * 1024  # bytes


class StrictJSONParser(JSONParser):
    """UTF-8 (RFC 8259 §8.1), without NaN, and no key twice: two readers may not see two identifiers."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        """Raise `ParseError` for all that is not such JSON."""
        try:
            return load(_all_of(stream))
        except (ValueError, RecursionError) as error:
            raise ParseError from error


class Renderer(JSONRenderer):
    """JSON in ASCII, so that whatever came in can go out; the site's own settings change nothing."""

    compact = True
    strict = True
    ensure_ascii = True


class AlwaysJSON(BaseContentNegotiation):
    """Clients ask for anything; they get JSON."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Return the parser for the body's content type."""
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the only one."""
        return renderers[0], renderers[0].media_type


def load(text: bytes | str) -> Any:
    """Read strict JSON. Raises `ValueError` or `RecursionError`."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def plain(data: Any) -> dict[str, Any]:
    """Return the parameters; one that came several times is a list, which no field takes."""
    if isinstance(data, QueryDict):
        return {name: values[0] if len(values) == 1 else values for name, values in data.lists()}
    if not isinstance(data, dict):
        raise ParseError
    return data


def _all_of(stream: IO[bytes]) -> bytes:
    """Read the body; its length is not known beforehand where it comes in chunks. Raises `RequestTooLarge`."""
    body = stream.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise RequestTooLarge
    return body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)
