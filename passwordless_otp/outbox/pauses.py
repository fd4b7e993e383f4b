"""Countries that get no SMS for a while: somebody sends codes there for the sake of sending.

Nothing of it is stored. It follows from the messages of the last hour: a country whose visitors begin to type
their codes is open again at once, and one that nobody writes to is within the hour.
"""

from datetime import timedelta
from typing import NamedTuple

from django.db.models import Count, Q
from django.utils import timezone

from passwordless_otp.models import InstanceSettings, Message
from passwordless_otp.models.messages import MessageStatus
from passwordless_otp.models.verifications import VerificationStatus

SPAN = timedelta(hours=1)
USED = [VerificationStatus.VERIFIED, VerificationStatus.TRANSFERABLE]


class Conversion(NamedTuple):
    """How many SMS went to numbers of a country that nobody had proven, and how many of those then were."""

    sent: int
    verified: int

    def pauses(self, settings: InstanceSettings) -> bool:
        """Tell whether too few were."""
        enough = self.sent >= settings.limit("sms_pause_from")
        return enough and self.verified * 100 < self.sent * settings.limit("sms_pause")


def conversions(country: str = "") -> dict[str, Conversion]:
    """Return it of each country that an SMS went to within the hour, or of this one only."""
    messages = Message.objects.filter(created_at__gt=timezone.now() - SPAN).exclude(country="")
    never_left = Q(status=MessageStatus.FAILED, sent_at=None)
    messages = (messages.filter(country=country) if country else messages).exclude(never_left)
    used = Count("pk", filter=Q(verification__status__in=USED))
    found = messages.order_by().values_list("country").annotate(sent=Count("pk"), verified=used)
    return {name: Conversion(sent, verified) for name, sent, verified in found}


def paused(settings: InstanceSettings) -> dict[str, Conversion]:
    """Return the countries that are paused by themselves."""
    return {
        name: conversion
        for name, conversion in conversions().items()
        if name not in settings.sms_never_paused and conversion.pauses(settings)
    }
