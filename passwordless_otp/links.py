"""The signed link of a security notice. It works for a week and signs nobody in: it can only end sessions."""

from datetime import timedelta
from uuid import UUID

from django.core.signing import BadSignature, TimestampSigner

LIFE = timedelta(days=7)
SALT = "passwordless_otp.not_me"


def token(notice_id: UUID) -> str:
    """Return the token of this notice, valid from now on for `LIFE`."""
    return TimestampSigner(salt=SALT).sign(notice_id.hex)


def notice_id(text: str) -> UUID | None:
    """Return the id of the notice; `None` for a token that is too old or not ours."""
    try:
        return UUID(TimestampSigner(salt=SALT).unsign(text, max_age=LIFE))
    except (BadSignature, ValueError):
        return None
