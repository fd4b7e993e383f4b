"""What a worker runs: the site of the tests, with the page that takes."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application


def application():
    """Set up Django before anything of ours is imported."""
    made = get_wsgi_application()
    settings.ROOT_URLCONF = "tests.rate_limits.urls"
    return made
