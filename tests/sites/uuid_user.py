"""A site whose users have a handle, a UUID for a key, no email address, and no `last_login`."""

from tests.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sites.uuid_users"]
AUTH_USER_MODEL = "uuid_users.Member"
