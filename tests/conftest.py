"""What every test gets."""

import pytest

from passwordless_otp.delivery.backends import memory
from passwordless_otp.models import memo


@pytest.fixture(autouse=True)
def fresh_process():
    """Forget what this process remembers of an earlier test."""
    memo.forget()
    memory.outbox.clear()
