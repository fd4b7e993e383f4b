"""The signed link in a notice. It names the notice, helps nobody to sign in, and works for some days."""

from datetime import timedelta
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner

LIFE = timedelta(days=7)
SALT = "passwordless_otp.not_me"


def token(notice_id: UUID) -> str:
    """Return what names this notice in a link, from now on for `LIFE`."""
    return TimestampSigner(salt=SALT).sign(notice_id.hex)


def notice_id(text: str) -> UUID | None:
    """Return the id of the notice that this token names; `None` for one that is too old or not ours."""
    try:
        return UUID(TimestampSigner(salt=SALT).unsign(text, max_age=LIFE))
    except (BadSignature, ValueError):
        return None
