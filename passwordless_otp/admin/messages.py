"""Messages: what was sent, what failed and why."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import formats
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin import health
from passwordless_otp.admin.base import ChannelFilter, MessageKindFilter, MessageStatusFilter, RecordAdmin, link
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Message


@admin.display(description=_("provider"))
def provider(message: Message) -> str:
    """Return the provider's class, in short."""
    return health.provider_name(message.backend)


@admin.display(description=_("time to delivery"))
def took(message: Message) -> str:
    """Return how long it took: to the person where that is known, else to the provider."""
    end = message.delivered_at or message.sent_at
    if end is None:
        return "–"
    seconds = round((end - message.created_at).total_seconds(), 1)
    return _("%s s") % formats.number_format(seconds, 1)


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    """The list of messages, without their texts."""

    list_display = [
        "created_at",
        "recipient",
        "status",
        "error_code",
        "kind",
        "channel",
        provider,
        "delivery_tries",
        took,
    ]  # fmt: skip
    list_filter = [MessageStatusFilter, ChannelFilter, MessageKindFilter]
    list_select_related = ["verification"]
    fields: ClassVar[Any] = [
        "kind", "channel", "recipient", "verification", "user", "flow", "denied_at",
        "status", "backend", "provider_id", "error_code",
        "delivery_tries", "language", "created_at", "claimed_at", "next_try_at", "sent_at", "delivered_at", took,
    ]  # fmt: skip
    readonly_fields: ClassVar[Any] = ["recipient", took]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Say above the list what does not work."""
        if request.method == "GET":
            for sentence in health.warnings():
                self.message_user(request, sentence, messages.WARNING)
        return super().changelist_view(request, extra_context)

    @admin.display(description=_("to"))
    def recipient(self, message: Message) -> str:
        """Return whom it goes to."""
        return message.identifier.value

    def of_address(self, queryset: QuerySet[Message], identifier: IdentifierValue) -> QuerySet[Message]:
        """Return the messages to this identifier."""
        coded = Message.objects.filter(verification__kind=identifier.kind, verification__value=identifier.value)
        notices = Message.objects.filter(channel=identifier.kind.channel, to=identifier.value)
        return queryset.filter(pk__in=coded.values("pk").union(notices.values("pk")))  # an OR would read them all


class MessageInline(admin.TabularInline):
    """A verification's messages, on its page."""

    model = Message
    fields: ClassVar[Any] = ["what", "status", provider, "error_code", "delivery_tries", "created_at", took]
    readonly_fields = fields
    ordering = ["pk"]
    extra = 0
    can_delete = False

    @admin.display(description=_("kind"))
    def what(self, message: Message) -> str:
        """Return what it says, with a link to it."""
        return link(self.admin_site, message, message.get_kind_display())

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        """Read the verifications with them."""
        return super().get_queryset(request).select_related("verification")
