"""Read-only lists of sign-ins and sign-ups."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.base import FlowStatusFilter, RecordAdmin
from passwordless_otp.admin.verifications import VerificationInline
from passwordless_otp.identifiers import IdentifierValue, forms
from passwordless_otp.models import Flow, SignIn, SignUp

NAMES = ["first_name", "last_name", "username"]


@admin.display(description=_("status"))
def flow_status(flow: Flow) -> str:
    """An open flow that has expired counts as abandoned."""
    return gettext("abandoned") if flow.abandoned else flow.get_status_display()


@admin.display(description=_("identifiers"))
def entered_identifiers(flow: Flow) -> str:
    """Return the identifiers that were entered, verified or not."""
    return ", ".join(identifier.value for identifier in flow.identifiers) or "–"


@admin.display(description=_("names"))
def entered_names(flow: Flow) -> str:
    """Return the names that were entered."""
    return ", ".join(str(flow.details[name]) for name in NAMES if flow.details.get(name)) or "–"


class FlowAdmin(RecordAdmin):
    """What the lists of sign-ins and sign-ups share."""

    list_display = ["created_at", entered_identifiers, flow_status, "user", "completed_at"]
    list_filter = [FlowStatusFilter]
    list_select_related = ["user"]
    fields: ClassVar[Any] = [entered_identifiers, flow_status, "user", "created_at", "completed_at", "expires_at"]
    readonly_fields = fields
    inlines = [VerificationInline]

    def filter_by_identifier(self, queryset: QuerySet[Flow], identifier: IdentifierValue) -> QuerySet[Flow]:
        """Return the flows in which this identifier was entered."""
        return queryset.filter(**{f"{identifier.kind}__in": [form.value for form in forms(identifier)]})


@admin.register(SignIn)
class SignInAdmin(FlowAdmin):
    """Read-only list of sign-ins."""


@admin.register(SignUp)
class SignUpAdmin(FlowAdmin):
    """Read-only list of sign-ups, with the names that were entered."""

    fields: ClassVar[Any] = [entered_identifiers, entered_names, *FlowAdmin.fields[1:]]
    readonly_fields = fields
