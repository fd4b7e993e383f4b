"""The paths of our URLs, and the signed links in messages. Neither link signs anybody in.

That of a security notice works for a week, and can only end sessions. An unlock link works for a day, and can
only give a browser messages of its own for one identifier.
"""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner
from django.urls import NoReverseMatch, URLResolver, get_resolver, get_urlconf, reverse

LIFE = timedelta(days=7)
SALT = "passwordless_otp.not_me"
UNLOCK_LIFE = timedelta(days=1)
UNLOCK_SALT = "passwordless_otp.unlock"
NAMESPACE = "passwordless_otp"


def path(name: str, *args: object, current_app: str | None = None) -> str:
    """Return the path of one of our URLs, in whatever namespace the site has included them.

    Raises `NoReverseMatch` where the site has not included it.
    """
    try:
        return reverse(f"{NAMESPACE}:{name}", args=args, current_app=current_app)
    except NoReverseMatch:
        for namespace in _namespaces(get_resolver(get_urlconf())):
            with suppress(NoReverseMatch):
                return reverse(f"{namespace}:{name}", args=args)
        raise


def _namespaces(resolver: URLResolver, above: str = "") -> Iterator[str]:
    """Yield the full name of each namespace that holds our URLs."""
    for name, (_, inner) in resolver.namespace_dict.items():
        if inner.app_name == NAMESPACE:
            yield above + name
        yield from _namespaces(inner, f"{above}{name}:")


def token(notice_id: UUID) -> str:
    """Return the token of this notice, valid from now on for `LIFE`."""
    return TimestampSigner(salt=SALT).sign(notice_id.hex)


def notice_id(text: str) -> UUID | None:
    """Return the id of the notice; `None` for a token that is too old or not ours."""
    return _signed_id(text, SALT, LIFE)


def unlock_token(message_id: UUID) -> str:
    """Return the token of the unlock link in this message, valid from now on for `UNLOCK_LIFE`."""
    return TimestampSigner(salt=UNLOCK_SALT).sign(message_id.hex)


def unlock_message_id(text: str) -> UUID | None:
    """Return the id of the message with this unlock link; `None` for a token that is too old or not ours."""
    return _signed_id(text, UNLOCK_SALT, UNLOCK_LIFE)


def _signed_id(text: str, salt: str, life: timedelta) -> UUID | None:
    try:
        return UUID(TimestampSigner(salt=salt).unsign(text, max_age=life))
    except (BadSignature, ValueError):
        return None
