"""Ask the site's BOT_CHECK whether a request was made by a person."""

import logging
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from passwordless_otp import conf

logger = logging.getLogger("passwordless_otp.bot_check")

# The attribute of a request with the parameters of an API call: `request.POST` has none of a body in JSON.
GIVEN = "_passwordless_otp_given"


@sensitive_variables("given")
def passes(request: HttpRequest, ip: str) -> bool:
    """Return whether the site's check accepts this request. Only `True` does: a broken check lets no bot in."""
    if not conf.get("BOT_CHECK"):
        return True
    given: Mapping[str, Any] = getattr(request, GIVEN, request.POST)
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    try:
        return conf.function("BOT_CHECK")(request, texts, ip) is True
    except Exception as error:  # not its text: a library's may hold the token
        logger.error("BOT_CHECK failed, and refused: %s", type(error).__name__)
        return False
