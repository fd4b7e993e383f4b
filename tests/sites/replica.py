"""A site that reads from a replica: one that lags for ever, since nothing is in it."""

from tests.settings import *

DATABASES = {
    **DATABASES,
    "replica": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"},
}
DATABASE_ROUTERS = ["tests.sites.replica.Router"]


class Router:
    """Sends what the app reads to the replica, as routers do."""

    def db_for_read(self, model, **hints):
        return "replica" if model._meta.app_label == "passwordless_otp" else None

    def db_for_write(self, model, **hints):
        return "default"

    def allow_relation(self, one, other, **hints):
        return True
