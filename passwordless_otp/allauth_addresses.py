"""The email addresses of django-allauth, where a site has it installed: what was proven here is verified there.

Otherwise allauth asks people to verify again what they have proven, and keeps an address that was removed.
"""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import IntegrityError, models, router, transaction

from passwordless_otp import conf, email_field
from passwordless_otp.errors import IdentificationClaimed


def is_kept() -> bool:
    """Return whether the app writes to `EmailAddress`: allauth is installed, and SYNC_EMAIL_FIELD is on."""
    return apps.is_installed("allauth.account") and bool(conf.get("SYNC_EMAIL_FIELD"))


def rows(**wanted: Any) -> Any:
    """Return a queryset of addresses. allauth must be installed."""
    return _model()._base_manager.using(router.db_for_write(_model())).filter(**wanted)


def verified(user: Any) -> list[str]:
    """Return the addresses that allauth has as verified for this user, as they are written there."""
    if not apps.is_installed("allauth.account"):
        return []
    return list(rows(user=user, verified=True).values_list("email", flat=True))


def is_of_another(user: Any, value: str) -> bool:
    """Return whether allauth has this address as verified for another user."""
    if not apps.is_installed("allauth.account"):
        return False
    found = rows(verified=True).filter(email_field.written_in("email", value)).exclude(user_id=user.pk)
    return any(email_field.canonical(text) == value for text in found.values_list("email", flat=True))


def owners(texts: Iterable[str]) -> dict[str, Any]:
    """Return the keys of the users for whom these are verified, by canonical address.

    For many at once: another case than that of a text is not looked for.
    """
    if not apps.is_installed("allauth.account"):
        return {}
    found = rows(verified=True, email__in=list(texts)).values_list("email", "user")
    return {email_field.canonical(text): pk for text, pk in found}


def require_free(user: Any, value: str) -> None:
    """Raise `IdentificationClaimed` if allauth has this address as verified for another user."""
    if is_of_another(user, value):
        raise IdentificationClaimed


def follow(user: Any, removed: Iterable[str], proven: Iterable[str], primary: str) -> None:
    """Delete what the user has `removed`, and keep what is `proven` as verified, with the `primary` one.

    Raises `IdentificationClaimed` if allauth has one as verified for another user, also where nothing is kept;
    then roll back.
    """
    addresses = list(proven)
    for value in addresses:
        require_free(user, value)
    if not is_kept():
        return
    try:
        with transaction.atomic(router.db_for_write(_model())):
            for value in removed:
                rows(user=user).filter(email_field.written_in("email", value)).delete()
            if addresses:
                others = rows(user=user, primary=True).exclude(email_field.written_in("email", primary))
                others.update(primary=False)
            for value in addresses:
                _keep(user, value, value == primary)
    except IntegrityError:
        raise IdentificationClaimed from None


def keep_only(user: Any, value: str) -> None:
    """Delete the other addresses that allauth has for this user, whether or not the app writes there otherwise.

    allauth would send a link there that sets a password, or one that proves the address without a login.
    """
    if apps.is_installed("allauth.account"):
        rows(user=user).exclude(email_field.written_in("email", value)).delete()


def _keep(user: Any, value: str, primary: bool) -> None:
    """Mark the address as verified, however allauth has it written, or add it."""
    known = models.Q(verified=False) | models.Q(primary=not primary)
    own = rows(user=user).filter(email_field.written_in("email", value))
    if not own.filter(known).update(verified=True, primary=primary) and not own.exists():
        _model().objects.create(user=user, email=value, verified=True, primary=primary)


def _model() -> Any:
    from allauth.account.models import EmailAddress

    return EmailAddress
