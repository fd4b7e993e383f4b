"""Read-only list of verifications, called “verification attempts” in the admin."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import number_format
from django.utils.html import format_html_join
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin import base
from passwordless_otp.admin.messages import MessageInline
from passwordless_otp.models import Verification


@admin.display(description=_("status"))
def verification_status(verification: Verification) -> str:
    """Return the status. A code or a proof whose time is over counts as expired."""
    return str(verification.state.label)


@admin.display(description=_("tries"))
def tries_used(verification: Verification) -> str:
    """Return the codes compared, of how many allowed."""
    numbers = {"tries": number_format(verification.tries), "max": number_format(verification.max_tries)}
    return gettext("%(tries)s\u00a0of\u00a0%(max)s") % numbers


class VerificationInline(base.RecordInline):
    """Verifications on the page of a flow."""

    model = Verification
    fields: ClassVar[Any] = [
        "value", verification_status, tries_used, "sends", "prepared_at", "expires_at", "sent_messages"
    ]  # fmt: skip
    readonly_fields = fields
    show_change_link = True

    @admin.display(description=_("messages"))
    def sent_messages(self, verification: Verification) -> str:
        """Return a line for each message, with a link."""
        messages = verification.messages.all()
        lines = [(base.link(self.admin_site, m, m.get_kind_display()), m.get_status_display()) for m in messages]
        return format_html_join("", "<div>{}: {}</div>", lines) or "–"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Verification]:
        return super().get_queryset(request).select_related("flow").prefetch_related("messages")


@admin.register(Verification)
class VerificationAdmin(base.RecordAdmin):
    """Verifications without their codes."""

    list_display = [
        "prepared_at", "value", verification_status, tries_used, "linked_flow", "sends", "user", "last_sent_at"
    ]  # fmt: skip
    list_filter = [base.VerificationStatusFilter, base.KindFilter]
    list_select_related = ["flow__user"]
    fields: ClassVar[Any] = [
        "kind", "value", "linked_flow", "user", verification_status, tries_used, "sends", "prepared_at",
        "last_sent_at", "expires_at",
    ]  # fmt: skip
    readonly_fields = fields
    inlines = [MessageInline]

    @admin.display(description=_("flow"))
    def linked_flow(self, verification: Verification) -> str:
        return base.link_to_flow(self.admin_site, verification.flow)

    @admin.display(description=_("user"))
    def user(self, verification: Verification) -> Any:
        """Return the user whom the flow signed in or up."""
        return verification.flow.user or "–"
