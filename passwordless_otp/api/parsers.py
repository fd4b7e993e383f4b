"""How bodies are read and written: strict JSON or a form in, JSON out."""

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
    """Takes UTF-8 only (RFC 8259 §8.1), no NaN, and no key twice, since parsers differ in which one they see."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the value. Raises `ParseError`, or `RequestTooLarge` also for a body without a length."""
        body = stream.read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise RequestTooLarge
        try:
            return load(body)
        except (ValueError, RecursionError) as error:
            raise ParseError from error


class Renderer(JSONRenderer):
    """Writes ASCII, so that any text that came in can go out. Ignores the site's settings for JSON."""

    compact = True
    strict = True
    ensure_ascii = True


class AlwaysJSON(BaseContentNegotiation):
    """Answers JSON, whatever `Accept` asks for."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Return the parser for the body's content type."""
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)

    def select_renderer(self, request: Any, renderers: Any, format_suffix: Any = None) -> Any:
        """Return the only renderer."""
        return renderers[0], renderers[0].media_type


def load(text: bytes | str) -> Any:
    """Read strict JSON. Raises `ValueError` or `RecursionError`."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def plain(data: Any) -> dict[str, Any]:
    """Return the parameters. One that came several times is a list, which no field takes. Raises `ParseError`."""
    if isinstance(data, QueryDict):
        return {name: values[0] if len(values) == 1 else values for name, values in data.lists()}
    if not isinstance(data, dict):
        raise ParseError
    return data


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)
