"""Read-only list of messages: what was sent, what failed and why."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin import base, health
from passwordless_otp.identifiers import IdentifierValue, forms, mask
from passwordless_otp.models import Message
from passwordless_otp.models.messages import MessageKind


@admin.display(description=_("provider"))
def provider(message: Message) -> str:
    """Return the short name of the provider."""
    return health.provider_name(message.backend)


@admin.display(description=_("time to delivery"))
def delivery_time(message: Message) -> str:
    """Return the seconds until delivery, or until the provider took the message if no more is known."""
    end = message.delivered_at or message.sent_at
    if end is None:
        return "–"
    seconds = round((end - message.created_at).total_seconds(), 1)
    return _("%s s") % formats.number_format(seconds, 1)


class MessageInline(base.RecordInline):
    """Messages on the page of a verification."""

    model = Message
    fields: ClassVar[Any] = [
        "linked_kind", "status", provider, "error_code", "delivery_tries", "created_at", delivery_time
    ]  # fmt: skip
    readonly_fields = fields

    @admin.display(description=_("kind"))
    def linked_kind(self, message: Message) -> str:
        return base.link(self.admin_site, message, message.get_kind_display())

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        return super().get_queryset(request).select_related("verification")  # it has the identifier


@admin.register(Message)
class MessageAdmin(base.RecordAdmin):
    """Messages without their texts, which would show codes."""

    list_display = [
        "created_at", "recipient", "status", "error_code", "kind", "channel", provider,
        "delivery_tries", delivery_time,
    ]  # fmt: skip
    list_filter = [base.MessageStatusFilter, base.ChannelFilter, base.MessageKindFilter]
    list_select_related = ["verification"]
    fields: ClassVar[Any] = [
        "kind", "channel", "recipient", "verification", "has_unlock_link", "user", "flow", "denied_at", "status",
        "backend", "provider_id", "error_code", "delivery_tries", "language", "origin", "created_at",
        "claimed_at", "next_try_at", "sent_at", "delivered_at", delivery_time,
    ]  # fmt: skip
    readonly_fields: ClassVar[Any] = ["recipient", delivery_time]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show problems with delivery above the list."""
        if request.method == "GET":
            for sentence in health.delivery_warnings():
                self.message_user(request, sentence, messages.WARNING)
        return super().changelist_view(request, extra_context)

    @admin.display(description=_("to"))
    def recipient(self, message: Message) -> str:
        """Return the address or number; masked for an unlock link, which may go to somebody unknown."""
        identifier = message.identifier
        return mask(identifier) if message.kind == MessageKind.UNLOCK else identifier.value

    def filter_by_identifier(self, queryset: QuerySet[Message], identifier: IdentifierValue) -> QuerySet[Message]:
        """Return codes and notices to this identifier."""
        values = [form.value for form in forms(identifier)]
        coded = Message.objects.filter(verification__kind=identifier.kind, verification__value__in=values)
        notices = Message.objects.filter(channel=identifier.kind.channel, to__in=values)
        return queryset.filter(pk__in=coded.values("pk").union(notices.values("pk")))  # OR would scan the table
