"""Lists to look things up in: nothing is added, changed or deleted by hand."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from passwordless_otp.admin import searching
from passwordless_otp.admin.paging import CappedPaginator
from passwordless_otp.identifiers import Address


class RecordAdmin(admin.ModelAdmin):
    """A read-only list, newest first, whose cost does not grow with its table."""

    actions = None
    ordering = ["-pk"]  # a UUID of version 7: its order is that of time
    sortable_by: ClassVar[list[str]] = []
    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    search_fields = ["pk"]  # shows the box; `get_search_results` does the work
    search_help_text = searching.HELP

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse, but where it goes with its user: that is asked on the user's pages."""
        page = request.resolver_match
        own = page is None or (page.url_name or "").startswith("passwordless_otp_")
        return obj is not None and not own

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow our filters and no field: `?nonce__startswith=a` would read a secret letter by letter."""
        return any(lookup == getattr(offered, "parameter_name", None) for offered in self.list_filter)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Return the rows of exactly this identifier or id; what is neither finds nothing."""
        if not search_term:
            return queryset, False
        address = searching.address_in(search_term)
        found = self.of_address(queryset, address) if address else searching.by_id(queryset, search_term)
        return found, False

    def of_address(self, queryset: QuerySet[Any], address: Address) -> QuerySet[Any]:
        """Return the rows of this identifier."""
        return queryset.filter(kind=address.kind, value=address.value)
