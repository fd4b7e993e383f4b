"""Sign-ins and sign-ups: who was on the way, and how far she came."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from passwordless_otp.admin.base import FlowStatusFilter, RecordAdmin
from passwordless_otp.admin.verifications import VerificationInline
from passwordless_otp.identifiers import IdentifierValue
from passwordless_otp.models import Flow, SignIn, SignUp

NAMES = ["first_name", "last_name", "username"]


@admin.display(description=_("status"))
def state(flow: Flow) -> str:
    """Return the status, as time has it."""
    return gettext("abandoned") if flow.abandoned else flow.get_status_display()


@admin.display(description=_("identifiers"))
def identifiers(flow: Flow) -> str:
    """Return what was typed. It need not be verified."""
    return ", ".join(identifier.value for identifier in flow.identifiers) or "–"


@admin.display(description=_("names"))
def names(flow: Flow) -> str:
    """Return the names that were typed."""
    return ", ".join(str(flow.details[name]) for name in NAMES if flow.details.get(name)) or "–"


class FlowAdmin(RecordAdmin):
    """What both lists share."""

    list_display = ["created_at", identifiers, state, "user", "completed_at"]
    list_filter = [FlowStatusFilter]
    list_select_related = ["user"]
    fields: ClassVar[Any] = [identifiers, state, "user", "created_at", "completed_at", "expires_at"]
    readonly_fields = fields
    inlines = [VerificationInline]

    def of_address(self, queryset: QuerySet[Flow], identifier: IdentifierValue) -> QuerySet[Flow]:
        """Return the flows in which this was typed."""
        return queryset.filter(**{identifier.kind.value: identifier.value})


@admin.register(SignIn)
class SignInAdmin(FlowAdmin):
    """The list of sign-ins."""


@admin.register(SignUp)
class SignUpAdmin(FlowAdmin):
    """The list of sign-ups."""

    fields: ClassVar[Any] = [identifiers, names, *FlowAdmin.fields[1:]]
    readonly_fields = fields
