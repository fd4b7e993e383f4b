"""Read-only list of refusals: people who have proven an address and need a decision of the operator."""

from typing import Any, ClassVar

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin import base
from passwordless_otp.models import Refusal
from passwordless_otp.models.refusals import Reason


class ReasonFilter(base.ChoiceFilter):
    """Why the user was not linked."""

    title, parameter_name = _("reason"), "reason"
    choices_offered = Reason.choices


@admin.register(Refusal)
class RefusalAdmin(base.RecordAdmin):
    """Identifiers are masked; search finds the whole ones."""

    list_display = ["last_at", "kind", "masked_identifier", "linked_user", "reason", "count", "created_at"]
    list_filter = [ReasonFilter, base.KindFilter]
    list_select_related = ["user"]
    ordering: ClassVar[Any] = ["-last_at", "-pk"]
    fields: ClassVar[Any] = [
        "kind",
        "masked_identifier",
        "linked_user",
        "reason",
        "count",
        "created_at",
        "last_at",
    ]
    readonly_fields = fields

    @admin.display(description=_("identifier"))
    def masked_identifier(self, refusal: Refusal) -> str:
        return refusal.masked

    @admin.display(description=_("user"))
    def linked_user(self, refusal: Refusal) -> str:
        return base.link(self.admin_site, refusal.user, refusal.user)
