"""The same site where all tenants share their users, and with them everything of the app."""

from tests.projects.tenants.settings import *  # noqa: F403
from tests.projects.tenants.settings import INSTALLED_APPS

SHARED_APPS, TENANT_APPS = INSTALLED_APPS, ["django.contrib.contenttypes"]
