"""A site of two tenants, each with users, sessions and instance settings of its own."""

import os

from tests import settings as site
from tests.settings import *  # noqa: F403

DATABASES = {
    "default": {
        **site.DATABASES["default"],
        "ENGINE": "django_tenants.postgresql_backend",
        "NAME": os.environ["SERVE_DATABASE"],
        "CONN_MAX_AGE": None,
    }
}
DATABASE_ROUTERS = ["django_tenants.routers.TenantSyncRouter"]
TENANT_MODEL, TENANT_DOMAIN_MODEL = "tenants.Tenant", "tenants.Domain"
SHARED_APPS = ["django_tenants", "tests.projects.tenants", "django.contrib.contenttypes"]
TENANT_APPS = [app for app in site.INSTALLED_APPS if app != "django.contrib.contenttypes"]
INSTALLED_APPS = SHARED_APPS + TENANT_APPS
MIDDLEWARE = ["django_tenants.middleware.main.TenantMainMiddleware", *site.MIDDLEWARE]
ALLOWED_HOSTS = [".shop.example"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
PASSWORDLESS_OTP = {
    **site.PASSWORDLESS_OTP,
    "PUBLIC_URL": "tests.projects.tenants.hooks.origin",
    "DISPATCH": "thread",
}
