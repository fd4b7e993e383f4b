"""What a page calls somebody who is signed in."""

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import router

from passwordless_otp.models import Identifier


def of(user: Any) -> str:
    """Return her name, else what she signs in with: login names may be random."""
    full = user.get_full_name() if hasattr(user, "get_full_name") else ""
    return str(full or _identifier(user) or user.get_username())


def _identifier(user: AbstractBaseUser) -> str:
    own = Identifier.objects.using(router.db_for_write(Identifier)).filter(user_id=user.pk)
    return own.order_by("-primary", "kind").values_list("value", flat=True).first() or ""
