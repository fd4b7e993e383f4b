"""Identifiers: the list, and the part of the user's page."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from passwordless_otp import outbox
from passwordless_otp.admin import searching
from passwordless_otp.admin.filters import KindFilter
from passwordless_otp.admin.identifier_form import IdentifierForm, IdentifierFormSet, is_protected, is_superuser
from passwordless_otp.admin.paging import CappedPaginator
from passwordless_otp.models import Identifier

BY_HAND = _(
    "One that is added by hand counts as verified: whoever holds it can sign in as this user, "
    "though nobody has checked who does."
)


@admin.register(Identifier)
class IdentifierAdmin(admin.ModelAdmin):
    """The list of what people sign in with. Those of staff are changed by superusers only."""

    form = IdentifierForm
    fieldsets = [(None, {"fields": ["user", "value", "primary"], "description": BY_HAND})]
    raw_id_fields = ["user"]
    list_display = ["value", "kind", "user", "primary", "verified_at", "undeliverable_at"]
    list_filter = [KindFilter]
    list_select_related = ["user"]
    list_per_page = 50
    ordering = ["-pk"]
    sortable_by: ClassVar[list[str]] = []
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["value"]
    search_help_text = searching.HELP

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Say what adding means where it is done."""
        if obj is None:
            return self.fieldsets
        return [(None, {"fields": ["user", "kind", "value", "primary", "verified_at", "undeliverable_at"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Let nothing move to another user or become another address: delete it and add one."""
        return [] if obj is None else ["user", "kind", "value", "verified_at", "undeliverable_at"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        """Tell the form who fills it in."""
        form: Any = super().get_form(request, obj, change=change, **options)
        form.operator = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Identifier, form: Any, change: bool) -> None:
        """Tell those that the user had before that one was added."""
        before = [] if change else [other.address for other in Identifier.objects.filter(user=obj.user)]
        super().save_model(request, obj, form, change)
        outbox.announce_identifier(obj.user, before)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave those of staff to superusers."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj and obj.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave those of staff to superusers."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj and obj.user)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the filter and no field."""
        return lookup == KindFilter.parameter_name

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Identifier], search_term: str
    ) -> tuple[QuerySet[Identifier], bool]:
        """Return what is exactly this, in any spelling; what is no identifier finds nothing."""
        if not search_term:
            return queryset, False
        address = searching.address_in(search_term)
        return (queryset.filter(kind=address.kind, value=address.value) if address else queryset.none()), False


class IdentifierInline(admin.TabularInline):
    """A user's identifiers, on the user's page."""

    model = Identifier
    form = IdentifierForm
    formset = IdentifierFormSet
    fields = ["value", "primary", "verified_at"]
    readonly_fields = ["verified_at"]
    ordering = ["kind", "-primary", "pk"]
    extra = 0
    verbose_name_plural = _("identifiers (one that is added by hand counts as verified)")

    class Media:
        css = {"all": ["passwordless_otp/admin.css"]}

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """Tell the forms who fills them in."""
        formset: Any = super().get_formset(request, obj, **options)
        formset.form.operator = request.user
        return formset

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave staff to superusers."""
        return super().has_add_permission(request, obj) and _may_touch(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave staff to superusers."""
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave staff to superusers."""
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


def attach() -> None:
    """Put the inline on the user's page, if the site's user model has one by now."""
    model = get_user_model()
    if not admin.site.is_registered(model):
        return
    page: Any = admin.site.get_model_admin(model)
    if IdentifierInline not in page.inlines:
        page.inlines = [*page.inlines, IdentifierInline]


def _may_touch(request: HttpRequest, user: Any) -> bool:
    return is_superuser(request.user) or not user or not is_protected(user)
