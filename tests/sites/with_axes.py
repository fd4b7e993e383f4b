"""A site that counts failed logins with django-axes, set up as its documentation says."""

from tests.settings import *

INSTALLED_APPS = [*INSTALLED_APPS, "axes"]
MIDDLEWARE = [*MIDDLEWARE, "axes.middleware.AxesMiddleware"]
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AXES_FAILURE_LIMIT = 2
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
