"""Tenants of django-tenants: each has a schema of its own, and a connection knows in which one it looks.

A job names the schema in which its message was saved, as in `acme/0192f0a0-…`, so that whatever worker runs it
goes back there. Without django-tenants connections have no schema, and nothing here changes anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings as site
from django.db import connections
from django.db.models import Model, QuerySet

SEPARATOR = "/"


def current(using: str) -> str:
    """Return the schema in which this thread's connection looks; empty without tenants."""
    return getattr(connections[using], "schema_name", "")


def qualify(job: str, using: str) -> str:
    """Return the job with the schema in which it has to be run."""
    schema = current(using)
    return f"{schema}{SEPARATOR}{job}" if schema else job


def split(job: str) -> tuple[str, str]:
    """Return the schema of a job, empty without tenants, and the job without it."""
    schema, _, bare = job.rpartition(SEPARATOR)
    return schema, bare


@contextmanager
def entered(schema: str, using: str) -> Iterator[None]:
    """Look in this schema, as the tenant who has it. Raises `LookupError` if no tenant has it any more."""
    connection: Any = connections[using]
    if not schema or schema == getattr(connection, "schema_name", schema):
        yield
        return
    before = connection.tenant
    tenant = _tenants().filter(schema_name=schema).first()
    if tenant is not None:
        connection.set_tenant(tenant)
    elif schema == public_schema():  # needs no tenant
        connection.set_schema_to_public()
    else:
        raise LookupError(f"no tenant has the schema {schema!r}")
    try:
        yield
    finally:
        connection.set_tenant(before)


def schemas_to_visit(using: str) -> list[str]:
    """Return the schemas for which a command works: the one it is run in, or all tenants' if that has no tables.

    The public schema has none where the app is only in TENANT_APPS.
    """
    here = current(using)
    shared, _ = apps_by_place()
    if here != public_schema() or __package__ in shared:
        return [here]
    others = _tenants().exclude(schema_name=here)
    return list(others.order_by("schema_name").values_list("schema_name", flat=True))


def _tenants() -> QuerySet[Any, Any]:
    settings: Any = site
    model: type[Model] = apps.get_model(settings.TENANT_MODEL)
    return model._default_manager.all()


def public_schema() -> str:
    """Return the name of the schema that all tenants share."""
    return str(getattr(site, "PUBLIC_SCHEMA_NAME", "public"))


def apps_by_place() -> tuple[set[str], set[str]]:
    """Return the names of the apps whose tables all tenants share, and of those that each has for itself."""
    settings: Any = site
    if getattr(settings, "HAS_MULTI_TYPE_TENANTS", False):
        types = {name: entry["APPS"] for name, entry in settings.TENANT_TYPES.items()}
        shared = types.pop(public_schema(), [])
        own = [app for entries in types.values() for app in entries]
    else:
        shared, own = getattr(settings, "SHARED_APPS", []), getattr(settings, "TENANT_APPS", [])
    return {AppConfig.create(app).name for app in shared}, {AppConfig.create(app).name for app in own}
