"""A site with Dramatiq, for processes of their own."""

import os

from tests.messaging import docs_site

mysite = docs_site.load("dramatiq", **{"redis://127.0.0.1:6379": os.environ["REDIS_URL"]})
