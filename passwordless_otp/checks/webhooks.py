"""Can providers report what became of a message?"""

from typing import Any
from uuid import UUID

from django.core.checks import CheckMessage
from django.urls import NoReverseMatch, reverse

from passwordless_otp import conf
from passwordless_otp.checks.findings import warning
from passwordless_otp.checks.settings import CHANNELS, check_settings
from passwordless_otp.messaging import routes


def check_webhooks(**_: Any) -> list[CheckMessage]:
    """Look for providers that could report, and are not told where to."""
    if check_settings() or conf.public_origin():
        return []  # those come first
    providers = [provider for channel in CHANNELS for provider in routes.providers_of(channel)]
    names = {provider.backend().webhook for provider in providers}
    return [_unreachable(name) for name in sorted(names) if name and _is_routed(name)]


def _unreachable(name: str) -> CheckMessage:
    hint = "Set it to what people see, such as 'https://example.com', or messages will stay 'sent'."
    return warning("W007", f"PASSWORDLESS_OTP has no PUBLIC_URL: {name!r} is not told where to report to.", hint)


def _is_routed(name: str) -> bool:
    try:
        reverse(f"passwordless_otp:{name}", args=[UUID(int=0)])
    except NoReverseMatch:
        return False
    return True
