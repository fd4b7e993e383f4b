"""Verification attempts: what was asked for, tried and refused."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.filters import KindFilter, VerificationStatusFilter
from passwordless_otp.admin.links import link, link_to_flow
from passwordless_otp.admin.messages import MessageInline
from passwordless_otp.admin.records import RecordAdmin
from passwordless_otp.models import Verification


@admin.display(description=_("status"))
def state(verification: Verification) -> str:
    """Return the status, as time has it."""
    return str(verification.state.label)


@admin.display(description=_("tries"))
def tries(verification: Verification) -> str:
    """Return how many wrong and right codes were compared, of how many."""
    numbers = {"tries": verification.tries, "max": verification.max_tries}
    return gettext("%(tries)s\u00a0of\u00a0%(max)s") % numbers


@admin.display(description=_("what was sent"))
def messages(verification: Verification) -> str:
    """Return a line for each message, with a link to it."""
    lines = [(link(m, m.get_kind_display()), m.get_status_display()) for m in verification.messages.all()]
    return format_html_join("", "<div>{}: {}</div>", lines) or "–"


@admin.display(description=_("flow"))
def flow(verification: Verification) -> str:
    """Return a link to the sign-in or sign-up."""
    return link_to_flow(verification.flow)


@admin.register(Verification)
class VerificationAdmin(RecordAdmin):
    """The list of codes, without the codes."""

    list_display = ["prepared_at", "value", state, tries, flow, "sends", "user", "last_sent_at"]
    list_filter = [VerificationStatusFilter, KindFilter]
    list_select_related = ["flow__user"]
    fields: ClassVar[Any] = [
        "kind",
        "value",
        flow,
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

    @admin.display(description=_("user"))
    def user(self, verification: Verification) -> Any:
        """Return who was signed in or up by the flow."""
        return verification.flow.user or "–"


class VerificationInline(admin.TabularInline):
    """A flow's verifications, on its page."""

    model = Verification
    fields: ClassVar[Any] = ["value", state, tries, "sends", "prepared_at", "expires_at", messages]
    readonly_fields = fields
    ordering = ["pk"]
    extra = 0
    can_delete = False
    show_change_link = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        """Read the messages of all of them at once."""
        return super().get_queryset(request).prefetch_related("messages")
