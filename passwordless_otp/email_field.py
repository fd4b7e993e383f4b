"""The email field of the site's user model, which follows the user's primary email identifier.

Other code of a site writes to that field as well: a profile page, an import. So it is never taken as proof of
anything, and what the site has written there changes only when the primary identifier does.
"""

from collections.abc import Sequence
from typing import Any

import idna
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db import IntegrityError, models, router, transaction

from passwordless_otp import conf, identifiers
from passwordless_otp.errors import FormatInvalid, IdentificationClaimed


def find() -> Any:
    """Return the field that `get_email_field_name()` names, or `None` if the model has none."""
    try:
        return get_user_model()._meta.get_field(get_user_model().get_email_field_name())
    except FieldDoesNotExist:
        return None


def is_kept() -> bool:
    """Return whether the app writes to the field of existing users: the setting SYNC_EMAIL_FIELD."""
    return bool(conf.get("SYNC_EMAIL_FIELD")) and find() is not None


def canonical(text: str | None) -> str:
    """Return this email address in canonical form; an empty string for anything else."""
    try:
        return identifiers.parse_email(text or "")
    except FormatInvalid:
        return ""


def spellings(value: str) -> list[str]:
    """Return how other code may have written this canonical address, but for case: its domain has two forms."""
    local, _at, domain = value.rpartition("@")
    try:
        return sorted({value, f"{local}@{idna.decode(domain)}"})
    except UnicodeError:
        return [value]


def written_in(column: str, value: str) -> models.Q:
    """Return the condition for a column to hold this canonical address, in any case and either form.

    Databases fold more than case (CVE-2019-19844): compare the `canonical` form of what is found.
    """
    return models.Q.create([(f"{column}__iexact", each) for each in spellings(value)], connector=models.Q.OR)


def of(user: Any) -> str:
    """Return what the email field of this object holds, in canonical form."""
    field = find()
    return canonical(getattr(user, field.name)) if field else ""


def locked(people: Sequence[Any]) -> dict[Any, str]:
    """Lock the rows of these users, and return what their email fields hold, in canonical form, by key."""
    field = find()
    users = _users().filter(pk__in=[user.pk for user in people]).order_by("pk").select_for_update(no_key=True)
    rows = users.values_list("pk", field.name if field else "pk")
    return {pk: canonical(text) if field else "" for pk, text in rows}


def require_free(user: Any, value: str) -> None:
    """Raise `IdentificationClaimed` if the field is unique and another user has this address, in any case."""
    field = find()
    if field is None or not conf.get("SYNC_EMAIL_FIELD") or not _is_unique(field):
        return
    others = _users().filter(written_in(field.name, value)).exclude(pk=user.pk)
    if any(canonical(text) == value for text in others.values_list(field.name, flat=True)):
        raise IdentificationClaimed


def write(user: Any, current: str, before: str, after: str) -> None:
    """Let the field follow the primary identifier, which was `before` and now is `after`; either may be empty.

    `current` is what the field holds, in canonical form. An address is not rewritten for case alone. Without an
    identifier the field is emptied if it holds the one that was removed and the model allows that. Raises
    `IdentificationClaimed` for an address that a unique field of another user has; then roll back.
    """
    if after in {before, current}:
        return
    if after:
        require_free(user, after)
        _save(user, after)
    elif current == before and may_be_empty():
        _save(user, None if find().null else "")


def may_be_empty() -> bool:
    """Return whether a user may have no email address, as the field says."""
    field = find()
    may_share = field.blank and field.empty_strings_allowed and not _is_unique(field, always=True)
    return bool(field.null or may_share)


def _is_unique(field: Any, always: bool = False) -> bool:
    """Return whether the model says that no two users have this: with `always`, also if it is empty."""
    if field.unique:
        return True
    found = [each for each in field.model._meta.constraints if isinstance(each, models.UniqueConstraint)]
    return any(_names(each) == {field.name} for each in found if not (always and each.condition))


def _names(constraint: models.UniqueConstraint) -> set[str]:
    """Return the names of the fields that the constraint is about, such as `email` for `Lower("email")`."""
    parts: list[Any] = [*constraint.expressions]
    for each in constraint.expressions:
        parts += each.flatten() if hasattr(each, "flatten") else []
    return {*constraint.fields, *[part.name for part in parts if isinstance(part, models.F)]}  # type: ignore[attr-defined]


def _save(user: Any, value: str | None) -> None:
    name = find().name
    try:
        with transaction.atomic(router.db_for_write(get_user_model())):
            _users().filter(pk=user.pk).update(**{name: value})
    except IntegrityError:
        # Not the error itself: databases put the values into it, and one of them is the address.
        raise IdentificationClaimed from None
    setattr(user, name, value)


def _users() -> Any:
    model = get_user_model()
    return model._base_manager.using(router.db_for_write(model))
