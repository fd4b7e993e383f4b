"""All that the tools import from the package: its public models, and the names of its limits."""

from pathlib import Path

from django.contrib.auth import get_user_model

import passwordless_otp
from passwordless_otp.models import Counter, Flow, Identifier, InstanceSettings, Message, Verification
from passwordless_otp.models.instance_settings.limits import LIMITS
from tools.site.visitors import email_of

__all__ = ["Counter", "Flow", "Identifier", "InstanceSettings", "Message", "Verification"]

FOLDER = Path(passwordless_otp.__file__).parent
EMAIL = "email_address"  # the kind of an identifier
WIDE_LIMITS = {  # counts all visitors together, so separate addresses don't help
    "emails_proven": 100_000_000,
    "emails_unproven": 10_000_000,
}
WIDEST = {name: limit.high for name, limit in LIMITS.items()}

recorded: list[str] = []


def record(job: str) -> None:
    """Take the id of a message, as a task queue does, and deliver nothing. `tools.site.RECORD` names it."""
    recorded.append(job)


def add_users(first: int, last: int) -> None:
    """Save the users with the numbers from `first` to `last` - 1, each with a proven email address."""
    model = get_user_model()
    named = [model(**{model.USERNAME_FIELD: f"user{number}"}, password="!") for number in range(first, last)]
    users = model.objects.bulk_create(named)
    Identifier.objects.bulk_create(
        Identifier(kind=EMAIL, value=email_of(number), user=user)
        for number, user in enumerate(users, start=first)
    )


def newest_code(email: str) -> str:
    """Derive the newest code for this address, where no message is sent."""
    code: str = Verification.objects.filter(value=email).order_by("-pk")[0].code()
    return code


def save_settings(limits: dict[str, int] = WIDE_LIMITS) -> None:
    """Save the instance settings with limits raised, those that all visitors share if none are given; read them.

    They are read once a second. What is measured within the next second does not include reading them.
    """
    settings, _ = InstanceSettings.objects.get_or_create(pk=1)
    settings.limits = limits
    settings.save()
    InstanceSettings.current()
