"""Fixtures for the tests of a site, which pytest finds by itself: `pytest --fixtures` lists them.

pytest imports this module in every project that has the app installed, before Django is set up. So it imports
nothing of Django or of the app until a test uses a fixture. All fixtures need pytest-django.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.test import Client

    from passwordless_otp.messaging.backends.base import Outgoing

MEMORY = {"BACKEND": "passwordless_otp.messaging.backends.memory.MemoryBackend"}


class SignInByCode(Protocol):
    """What the fixture `sign_in_by_code` is."""

    def __call__(self, identifier: str, client: Client | None = None) -> Client:
        """Sign in, and return the client that is signed in."""


@pytest.fixture
def otp_messages() -> Iterator[list[Outgoing]]:
    """The app's messages in this test, newest last, kept instead of sent: `otp_messages[-1].code`.

    Each has `to`, `channel` ("email" or "sms"), `subject`, `text`, `html` and `code`. They are delivered before
    the request is answered, whatever DISPATCH says. Without this fixture emails are in Django's `mail.outbox`.
    """
    from django.conf import settings
    from django.test import override_settings

    from passwordless_otp.messaging.backends import memory
    from passwordless_otp.models import provider_health, settings_cache

    kept = {"DELIVERY": {"email": [MEMORY], "sms": [MEMORY]}, "DISPATCH": "blocking"}
    for forget in [memory.sent.clear, provider_health.clear_memory, settings_cache.clear]:
        forget()
    with override_settings(PASSWORDLESS_OTP={**getattr(settings, "PASSWORDLESS_OTP", {}), **kept}):
        yield memory.sent
    memory.sent.clear()


@pytest.fixture
def sign_in_by_code(db: None, otp_messages: list[Outgoing]) -> SignInByCode:
    """Sign in through the app's pages: `client = sign_in_by_code("jane@example.com")`.

    Whoever has no account gets one, if sign-up is open. The function takes a test client as its second argument,
    and returns it or a new one. It fails with the reason if a code was not sent or not accepted; where that is a
    rate limit, with its name. Where a test is not about signing in, `client.force_login(user)` is quicker.
    """
    from passwordless_otp.testing.journeys import sign_in_by_code

    return sign_in_by_code


@pytest.fixture
def no_rate_limits(db: None) -> Iterator[None]:
    """Let this test ask for any number of codes: limits still count, and refuse nobody.

    It sets `tracked_only` in the instance settings to all limits, and `limits` to their highest numbers.
    """
    from passwordless_otp.models import InstanceSettings, settings_cache
    from passwordless_otp.models.instance_settings.limits import LIMITS

    settings = InstanceSettings.editable()
    settings.limits = {name: limit.high for name, limit in LIMITS.items()}
    settings.tracked_only = list(LIMITS)
    settings.save()
    settings_cache.clear()  # `save` clears it after the commit, which a test in a transaction never reaches
    yield
    settings_cache.clear()


@pytest.fixture
def expire_codes(db: None) -> Callable[[], int]:
    """A function that lets every code expire that was sent so far, and returns how many there were."""

    def expire() -> int:
        from datetime import timedelta

        from django.utils import timezone

        from passwordless_otp.models import Verification

        open_ones: Any = Verification.objects.filter(expires_at__gt=timezone.now())
        return int(open_ones.update(expires_at=timezone.now() - timedelta(seconds=1)))

    return expire
