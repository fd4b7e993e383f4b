"""The parameters of each call. Anything else in a request is ignored."""

import json
import unicodedata
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from passwordless_otp import codes, conf
from passwordless_otp.api import parsers
from passwordless_otp.identifiers import Strategy

MAX_DEPTH = 20  # levels of nested metadata


class Text(serializers.Field):
    """One string; not a number, and not a list, which could hold a second recipient."""

    max_length = conf.MAX_TEXT
    default_error_messages = {
        "invalid": _("Send one text."),
        "too_long": _("This is too long."),
        "control": _("Leave out control characters."),
    }

    def to_internal_value(self, data: Any) -> str:
        """Return the text without blanks around it. Refuses what no database takes."""
        if not isinstance(data, str):
            self.fail("invalid")
        if len(data) > self.max_length:
            self.fail("too_long")
        if any(unicodedata.category(c) in conf.CONTROL for c in data):
            self.fail("control")
        return data.strip()

    def to_representation(self, value: Any) -> Any:
        """Raise `TypeError`: parameters are never shown."""
        raise TypeError


class Name(Text):
    """A name of a person."""

    max_length = conf.MAX_NAME


class Choice(Text):
    """The name of a strategy."""

    default_error_messages = {"invalid_choice": _("Use email_code or phone_code.")}

    def to_internal_value(self, data: Any) -> Strategy:
        """Return the strategy."""
        text = super().to_internal_value(data)
        if text not in Strategy.values:
            self.fail("invalid_choice")
        return Strategy(text)


class Code(Text):
    """A code as it was typed or pasted. What can't be a code is a wrong one, not a malformed parameter."""

    def to_internal_value(self, data: Any) -> str:
        """Return as much of the text as the flow looks at."""
        if not isinstance(data, str):
            self.fail("invalid")
        return data[: codes.MAX_TEXT]


class Metadata(Text):
    """A JSON object, as text."""

    max_length = 8192
    default_error_messages = {"json": _("Send a JSON object, as text.")}

    def to_internal_value(self, data: Any) -> str:
        """Return the object as text, encoded anew, so that it can be stored and sent however it was spelt."""
        if not isinstance(data, str):
            self.fail("invalid")
        if len(data) > self.max_length:
            self.fail("too_long")
        try:
            value = json.loads(data, **parsers.STRICT) if data.strip() else {}
            text = json.dumps(value, allow_nan=False)
        except (ValueError, RecursionError):
            self.fail("json")
        if not isinstance(value, dict) or not _fits(value):
            self.fail("json")
        return text if value else ""


def _fits(value: Any, levels: int = MAX_DEPTH) -> bool:
    """Return whether any database can store this JSON, and any parser read it again."""
    if isinstance(value, str):
        return not any(c == "\0" or unicodedata.category(c) == "Cs" for c in value)
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = [*value, *value.values()]
    if isinstance(value, list):
        inner = value
    return not inner or (levels > 0 and all(_fits(item, levels - 1) for item in inner))


class UnlockInput(serializers.Serializer):
    """What every call takes that may send a message: the token of an unlock link."""

    unlock_token = Text(default="")


class SignInInput(UnlockInput):
    """What creating a sign-in takes. With a strategy, a code is sent at once."""

    identifier = Text(default="")
    strategy = Choice(default=None)
    sign_up_if_missing = serializers.BooleanField(default=False)


class FactorInput(UnlockInput):
    """What preparing a sign-in takes. Without an id, the strategy has to fit one factor only."""

    strategy = Choice()
    email_address_id = Text(default="")
    phone_number_id = Text(default="")


class CodeInput(serializers.Serializer):
    """What an attempt takes."""

    strategy = Choice()
    code = Code()


class StrategyInput(UnlockInput):
    """What preparing a sign-up takes."""

    strategy = Choice()


class FieldsInput(serializers.Serializer):
    """What a sign-up collects. What is left out stays as it is."""

    email_address = Text(required=False)
    phone_number = Text(required=False)
    first_name = Name(required=False)
    last_name = Name(required=False)
    username = Name(required=False)
    unsafe_metadata = Metadata(required=False)


class SignUpInput(FieldsInput):
    """Create a sign-up."""

    unlock_token = Text(default="")
    strategy = Choice(default=None)
    transfer = serializers.BooleanField(default=False)
