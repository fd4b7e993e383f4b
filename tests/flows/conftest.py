"""What the flows get."""

import pytest

from tests.visitor import joined


@pytest.fixture
def jane():
    return joined().signed_in
