"""Does the site's user model go with ours?"""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.db import models
from django.db.models.fields import NOT_PROVIDED

from passwordless_otp import conf, users
from passwordless_otp.checks.findings import warning
from passwordless_otp.models import Identifier

OURS = "passwordless_otp"


def check_users(**_: Any) -> list[CheckMessage]:
    """Look at how users are made, and at their page in the admin."""
    return [*_unfilled(), *_unattached()]


def _unfilled() -> Iterator[CheckMessage]:
    if not isinstance(conf.given(), Mapping) or conf.get("CREATE_USER") != conf.DEFAULTS["CREATE_USER"]:
        return
    names = [field.name for field in get_user_model()._meta.concrete_fields if _has_to_be_given(field)]
    if names:
        hint = "Let them be null, give them a default, or name in CREATE_USER a function that fills them."
        yield warning("W005", f"No sign-up fills these fields of the user model: {', '.join(names)}.", hint)


def _has_to_be_given(field: Any) -> bool:
    """Tell whether a user can't be saved without it, or should not be."""
    made_by_itself = (
        field.has_default()
        or field.db_default is not NOT_PROVIDED
        or field.generated
        or isinstance(field, models.AutoField)
        or getattr(field, "auto_now", False)
        or getattr(field, "auto_now_add", False)
        or getattr(field.remote_field, "parent_link", False)
    )
    if field.null or made_by_itself or field.name in _filled():
        return False
    may_be_empty = field.blank and field.empty_strings_allowed and not field.unique
    return not may_be_empty


def _filled() -> set[str]:
    login_name = users.username_field()
    own = {"password", "first_name", "last_name", get_user_model().get_email_field_name()}
    return own | ({login_name.name} if login_name is not None else set())


def _unattached() -> Iterator[CheckMessage]:
    """Look for a user's page that was not there yet when ours were put into the admin."""
    model = get_user_model()
    order = [config.label for config in apps.get_app_configs()]
    if not apps.is_installed("django.contrib.admin") or order.index(model._meta.app_label) < order.index(OURS):
        return
    page: Any = admin.site.get_model_admin(model) if admin.site.is_registered(model) else None
    if page is not None and not any(inline.model is Identifier for inline in page.inlines):
        label = apps.get_app_config(model._meta.app_label).name
        hint = f"Put 'passwordless_otp' after {label!r} in INSTALLED_APPS, or add IdentifierInline to the page."
        yield warning("W006", "The user's page in the admin is without the user's identifiers.", hint)
