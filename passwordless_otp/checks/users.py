"""Checks of the site's user model and of its page in the admin."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.db import Error as AnyDatabaseError
from django.db import connections, models, router
from django.db.models.fields import NOT_PROVIDED

from passwordless_otp import conf, email_field, users
from passwordless_otp.checks.findings import warning
from passwordless_otp.models import Identifier

OWN_LABEL = "passwordless_otp"
MANY_USERS = 10_000  # from which on a look-up by email address needs an index
SECOND_FACTORS = ["two_factor", "django_otp", "allauth.mfa"]


def check_users(**_: Any) -> list[CheckMessage]:
    """Look at the fields of the user model, and at its page in the admin."""
    return [*_check_fields(), *_check_user_page()]


def check_email_addresses(**_: Any) -> list[CheckMessage]:
    """Look at what users have in their email field. For `check --deploy`, since it counts rows."""
    if email_field.find() is None:
        return []
    try:
        return [*_check_identifiers(), *_check_index(router.db_for_write(get_user_model()))]
    except (AnyDatabaseError, ImproperlyConfigured):
        return []  # there is no database or no table yet


def _check_identifiers() -> Iterator[CheckMessage]:
    number = Identifier.objects.users_without().count()
    if number:
        have = "user has" if number == 1 else "users have"
        decides = f"EXISTING_USERS ({conf.get('EXISTING_USERS')!r}) decides whether a code signs them in"
        text = f"{number:,} {have} an email address and no identifier: {decides}."
        if apps.is_installed("allauth.account"):
            hint = "Import those that allauth has verified: `manage.py otp_import --from allauth --trust`."
        else:
            hint = "If your site has verified these addresses, run `manage.py otp_import --from users --trust`."
        yield warning("W014", text, hint)


def _check_index(using: str) -> Iterator[CheckMessage]:
    """Look for an index for `iexact`, which finds the user who has a proven address in their email field."""
    model, column = get_user_model(), email_field.find().column
    table, connection = model._meta.db_table, connections[using]
    if connection.vendor != "postgresql":
        return
    if not model._base_manager.using(using).order_by("pk").values("pk")[MANY_USERS : MANY_USERS + 1]:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_index WHERE indrelid = %s::regclass AND pg_get_indexdef(indexrelid) ILIKE %s",
            [connection.ops.quote_name(table), f"%(upper(%{column}%"],
        )
        found = cursor.fetchone()
    if not found:
        text = f"{table} has over {MANY_USERS:,} rows and no index for email addresses: sign-ups read all of it."
        name, table, column = map(connection.ops.quote_name, [f"{table}_{column}_upper", table, column])
        hint = f"Run CREATE INDEX CONCURRENTLY {name} ON {table} (UPPER({column})). Make it UNIQUE where no two "
        hint += "users may share an address: otherwise a registration elsewhere at the same instant is not seen."
        yield warning("W015", text, hint)


def check_second_factor(**_: Any) -> list[CheckMessage]:
    """Look for an app with second factors, which a sign-in by code would not ask for."""
    if not isinstance(conf.given(), Mapping) or conf.get("BEFORE_LOGIN"):
        return []
    names = [name for name in SECOND_FACTORS if apps.is_installed(name)]
    if not names:
        return []
    text = f"INSTALLED_APPS has {names[0]!r}, but BEFORE_LOGIN is empty: a code signs in without a second factor."
    return [
        warning("W020", text, "Ask for the second factor in BEFORE_LOGIN: docs/second-factor.md has recipes.")
    ]


def _check_fields() -> Iterator[CheckMessage]:
    if not isinstance(conf.given(), Mapping) or conf.get("CREATE_USER") != conf.DEFAULTS["CREATE_USER"]:
        return
    names = [field.name for field in get_user_model()._meta.concrete_fields if _is_required(field)]
    if names:
        text = f"AUTH_USER_MODEL has required fields that a sign-up does not fill: {', '.join(names)}."
        yield warning("W005", text, "Make them nullable, give them defaults, or fill them in a CREATE_USER.")


def _is_required(field: Any) -> bool:
    """Return whether a user can't or should not be saved without a value for this field."""
    fills_itself = (
        field.has_default()
        or field.db_default is not NOT_PROVIDED
        or field.generated
        or isinstance(field, models.AutoField)
        or getattr(field, "auto_now", False)
        or getattr(field, "auto_now_add", False)
        or getattr(field.remote_field, "parent_link", False)
    )
    if field.null or fills_itself or field.name in _filled_fields():
        return False
    may_be_empty = field.blank and field.empty_strings_allowed and not field.unique
    return not may_be_empty


def _filled_fields() -> set[str]:
    login_name = users.username_field()
    own = {"password", "first_name", "last_name", get_user_model().get_email_field_name()}
    return own | ({login_name.name} if login_name is not None else set())


def _check_user_page() -> Iterator[CheckMessage]:
    """Look for a user's page that was registered only after the app had added its inline."""
    model = get_user_model()
    order = [config.label for config in apps.get_app_configs()]
    is_before = order.index(model._meta.app_label) < order.index(OWN_LABEL)
    if is_before or not apps.is_installed("django.contrib.admin"):
        return
    page: Any = admin.site.get_model_admin(model) if admin.site.is_registered(model) else None
    if page is not None and not any(inline.model is Identifier for inline in page.inlines):
        label = apps.get_app_config(model._meta.app_label).name
        text = f"INSTALLED_APPS has 'passwordless_otp' before {label!r}: the user's page lacks their identifiers."
        hint = f"Put it after {label!r}, or derive its page from passwordless_otp.admin.IdentifiersMixin."
        yield warning("W006", text, hint)
