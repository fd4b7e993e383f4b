"""The email addresses of django-allauth, where a site has it installed: what was proven here is verified there.

Otherwise allauth asks people to verify again what they have proven, and keeps an address that was removed.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, router, transaction

from passwordless_otp import conf
from passwordless_otp.errors import IdentificationClaimed


def is_kept() -> bool:
    """Return whether the app writes to `EmailAddress`: allauth is installed, and SYNC_EMAIL_FIELD is on."""
    return apps.is_installed("allauth.account") and bool(conf.get("SYNC_EMAIL_FIELD"))


def model() -> Any:
    """Return allauth's model. It must be installed."""
    from allauth.account.models import EmailAddress

    return EmailAddress


def require_free(user: Any, value: str) -> None:
    """Raise `IdentificationClaimed` if allauth has this address as verified for another user."""
    if is_kept() and _rows(verified=True, email__iexact=value).exclude(user_id=user.pk).exists():
        raise IdentificationClaimed


def follow(user: Any, removed: Iterable[str], proven: Iterable[str], primary: str) -> None:
    """Delete what the user has `removed`, and keep what is `proven` as verified, with the `primary` one.

    Raises `IdentificationClaimed` if allauth has one as verified for another user; then roll back.
    """
    if not is_kept():
        return
    addresses = list(proven)
    try:
        with transaction.atomic(router.db_for_write(model())):
            for value in removed:
                _rows(user=user, email__iexact=value).delete()
            if addresses:
                _rows(user=user, primary=True).exclude(email__iexact=primary).update(primary=False)
            for value in addresses:
                _keep(user, value, value == primary)
    except IntegrityError:
        raise IdentificationClaimed from None


def _keep(user: Any, value: str, primary: bool) -> None:
    """Mark the address as verified, whatever case allauth has it in, or add it."""
    require_free(user, value)
    known = models.Q(verified=False) | models.Q(primary=not primary)
    own = _rows(user=user, email__iexact=value)
    if not own.filter(known).update(verified=True, primary=primary) and not own.exists():
        model().objects.create(user=user, email=value, verified=True, primary=primary)


def _rows(**wanted: Any) -> Any:
    return model()._base_manager.using(router.db_for_write(model())).filter(**wanted)
