"""Which task queue there is."""

from importlib.util import find_spec

BUILT_IN = find_spec("django.tasks") is not None
