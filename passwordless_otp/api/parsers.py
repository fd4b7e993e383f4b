"""How bodies are read and written: strict JSON or a form in, JSON out."""

import json
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from django.http import QueryDict
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.renderers import JSONRenderer

from passwordless_otp import conf
from passwordless_otp.errors import RequestTooLarge


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


# For `json.loads`: no NaN, and no key twice, since parsers differ in which one they see.
STRICT: dict[str, Any] = {"object_pairs_hook": _unique, "parse_constant": _refuse}


class StrictJSONParser(JSONParser):
    """Takes UTF-8 only (RFC 8259 §8.1), and what `STRICT` takes."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the value. Raises `ParseError`, or `RequestTooLarge` also for a body without a length."""
        body = stream.read(conf.MAX_BODY + 1)
        if len(body) > conf.MAX_BODY:
            raise RequestTooLarge
        try:
            return json.loads(body.decode(), **STRICT)  # a text: of bytes it would take UTF-16, UTF-32 and a BOM
        except (ValueError, RecursionError) as error:
            raise ParseError from error


class StrictFormParser(FormParser):
    """Takes UTF-8 only, without a BOM: `QueryDict` reads other bytes as ISO 8859-1, or replaces them."""

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parameters. Raises `ParseError`, or `RequestTooLarge` also for a body without a length."""
        body = stream.read(conf.MAX_BODY + 1)
        if len(body) > conf.MAX_BODY:
            raise RequestTooLarge
        try:
            text = unquote_to_bytes(body).decode()
        except ValueError as error:
            raise ParseError from error
        if text.startswith(conf.BOM):
            raise ParseError
        return QueryDict(body, encoding="utf-8")


class StrictMultiPartParser(MultiPartParser):
    """Takes UTF-8 only: Django has replaced other bytes."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """Return the parameters and files. Raises `ParseError`."""
        found: Any = super().parse(stream, media_type, parser_context)
        if any(conf.REPLACED in text for name, texts in found.data.lists() for text in [name, *texts]):
            raise ParseError
        return found


class Renderer(JSONRenderer):
    """Writes ASCII, so that any text that came in can go out. Ignores the site's settings for JSON."""

    compact = True
    strict = True
    ensure_ascii = True


class ByContentType(BaseContentNegotiation):
    """Reads a body by its exact content type. Nothing is negotiated about the answer."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Return the parser for the body's content type."""
        media_type = (request.content_type or "").split(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == media_type), None)
