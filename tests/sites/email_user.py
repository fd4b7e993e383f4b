"""A site whose users have an email address for a name, and no username."""

from tests.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sites.email_users"]
AUTH_USER_MODEL = "email_users.Person"
