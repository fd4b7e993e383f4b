"""Filters whose choices are known beforehand: nothing is read to offer them, and garbage filters nothing."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from passwordless_otp.identifiers import Kind
from passwordless_otp.models.flows import Status
from passwordless_otp.models.messages import MessageKind, MessageStatus
from passwordless_otp.models.verifications import VerificationStatus


class ChoiceFilter(admin.SimpleListFilter):
    """One of `choices_offered`, each with the condition that `condition` returns."""

    title = _("status")
    parameter_name = "status"
    choices_offered: list[tuple[str, Any]] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return values and labels."""
        return self.choices_offered

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow the list to the choice."""
        value = self.value()
        return queryset.filter(self.condition(value)) if value in dict(self.choices_offered) else queryset

    def condition(self, value: Any) -> Q:
        """Return what holds for the rows of this choice."""
        return Q(**{str(self.parameter_name): value})


class FlowStatusFilter(ChoiceFilter):
    """Where a flow stands, as time has it."""

    choices_offered = [*Status.choices, ("abandoned", _("abandoned"))]

    def condition(self, value: Any) -> Q:
        """Tell open from abandoned by the clock."""
        over = Q(expires_at__lte=timezone.now())
        if value == "abandoned":
            return Q(status=Status.OPEN) & over
        return Q(status=Status.OPEN) & ~over if value == Status.OPEN else Q(status=value)


class VerificationStatusFilter(ChoiceFilter):
    """Where a verification stands, as time has it."""

    choices_offered = VerificationStatus.choices

    def condition(self, value: Any) -> Q:
        """Tell unverified from expired by the clock."""
        over = Q(expires_at__lte=timezone.now())
        if value == VerificationStatus.EXPIRED:
            return Q(status=value) | Q(status=VerificationStatus.UNVERIFIED) & over
        return Q(status=value) & ~over if value == VerificationStatus.UNVERIFIED else Q(status=value)


class KindFilter(ChoiceFilter):
    """Email address or phone number."""

    title = _("kind")
    parameter_name = "kind"
    choices_offered = Kind.choices


class MessageStatusFilter(ChoiceFilter):
    """What became of a message."""

    choices_offered = MessageStatus.choices


class MessageKindFilter(ChoiceFilter):
    """What a message says."""

    title = _("kind")
    parameter_name = "kind"
    choices_offered = MessageKind.choices


class ChannelFilter(ChoiceFilter):
    """How a message travels."""

    title = _("channel")
    parameter_name = "channel"
    choices_offered = [("email", _("email")), ("sms", _("SMS"))]
