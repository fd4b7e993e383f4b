"""What the races get."""

import pytest
from django.db import connections

from tests.visitor import unlimited


@pytest.fixture(autouse=True)
def wide(transactional_db):
    """What a race shows is no limit's doing: 60 at once are fewer than any, and codes grow with no wrong one."""
    unlimited(tracked_only=["identifier_failures"])


@pytest.fixture(params=[False, True], ids=["autocommit", "ATOMIC_REQUESTS"])
def requests_atomic(request):
    """Whether the site wraps each request in a transaction, which must not give a try back."""
    settings = connections["default"].settings_dict
    before = settings["ATOMIC_REQUESTS"]
    settings["ATOMIC_REQUESTS"] = request.param
    yield request.param
    settings["ATOMIC_REQUESTS"] = before
