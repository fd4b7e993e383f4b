"""A site whose users have a handle, a UUID for a key, and no email address."""

from tests.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sites.uuid_users"]
AUTH_USER_MODEL = "uuid_users.Member"
