"""Verification attempts: what was asked for, tried and refused."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.base import KindFilter, RecordAdmin, VerificationStatusFilter, link, link_to_flow
from passwordless_otp.admin.messages import MessageInline
from passwordless_otp.models import Verification


@admin.display(description=_("status"))
def state(verification: Verification) -> str:
    """Return the status, as time has it."""
    return str(verification.state.label)


@admin.display(description=_("tries"))
def tries(verification: Verification) -> str:
    """Return how many wrong and right codes were compared, of how many."""
    numbers = {"tries": number_format(verification.tries), "max": number_format(verification.max_tries)}
    return gettext("%(tries)s\u00a0of\u00a0%(max)s") % numbers


@admin.register(Verification)
class VerificationAdmin(RecordAdmin):
    """The list of codes, without the codes."""

    list_display = ["prepared_at", "value", state, tries, "own_flow", "sends", "user", "last_sent_at"]
    list_filter = [VerificationStatusFilter, KindFilter]
    list_select_related = ["flow__user"]
    fields: ClassVar[Any] = [
        "kind",
        "value",
        "own_flow",
        "user",
        state,
        tries,
        "sends",
        "prepared_at",
        "last_sent_at",
        "expires_at",
    ]
    readonly_fields = fields
    inlines = [MessageInline]

    @admin.display(description=_("flow"))
    def own_flow(self, verification: Verification) -> str:
        """Return a link to the sign-in or sign-up."""
        return link_to_flow(self.admin_site, verification.flow)

    @admin.display(description=_("user"))
    def user(self, verification: Verification) -> Any:
        """Return who was signed in or up by the flow."""
        return verification.flow.user or "–"


class VerificationInline(admin.TabularInline):
    """A flow's verifications, on its page."""

    model = Verification
    fields: ClassVar[Any] = ["value", state, tries, "sends", "prepared_at", "expires_at", "sent"]
    readonly_fields = fields
    ordering = ["pk"]
    extra = 0
    can_delete = False
    show_change_link = True

    @admin.display(description=_("what was sent"))
    def sent(self, verification: Verification) -> str:
        """Return a line for each message, with a link to it."""
        messages = verification.messages.all()
        lines = [(link(self.admin_site, m, m.get_kind_display()), m.get_status_display()) for m in messages]
        return format_html_join("", "<div>{}: {}</div>", lines) or "–"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        """Read the messages of all of them at once."""
        return super().get_queryset(request).prefetch_related("messages")
