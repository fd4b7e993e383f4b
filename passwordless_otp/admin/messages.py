"""Messages: what was sent, what failed and why."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.filters import ChannelFilter, MessageKindFilter, MessageStatusFilter
from passwordless_otp.admin.links import link
from passwordless_otp.admin.records import RecordAdmin
from passwordless_otp.identifiers import Address
from passwordless_otp.models import Message


@admin.display(description=_("provider"))
def provider(message: Message) -> str:
    """Return the provider's class, in short."""
    return message.backend.rpartition(".")[2].removesuffix("Backend") or "–"


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    """The list of messages, without their texts."""

    list_display = [
        "created_at",
        "to",
        "status",
        "error_code",
        "kind",
        "channel",
        provider,
        "attempts",
        "sent_at",
    ]  # fmt: skip
    list_filter = [MessageStatusFilter, ChannelFilter, MessageKindFilter]
    list_select_related = ["verification"]
    fields: ClassVar[Any] = [
        "kind", "channel", "to", "verification", "status", "backend", "provider_id", "error_code",
        "attempts", "language", "created_at", "sent_at",
    ]  # fmt: skip
    readonly_fields = ["to"]

    @admin.display(description=_("to"))
    def to(self, message: Message) -> str:
        """Return whom it goes to."""
        return message.verification.value

    def of_address(self, queryset: QuerySet[Message], address: Address) -> QuerySet[Message]:
        """Return the messages to this identifier."""
        return queryset.filter(verification__kind=address.kind, verification__value=address.value)


class MessageInline(admin.TabularInline):
    """A verification's messages, on its page."""

    model = Message
    fields: ClassVar[Any] = ["what", "status", provider, "error_code", "attempts", "created_at", "sent_at"]
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
