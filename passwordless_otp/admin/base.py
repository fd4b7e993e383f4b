"""Pages of a list that may have millions of rows."""

from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.models import Flow, SignIn, SignUp
from passwordless_otp.models.flows import Purpose, Status, VerificationStatus
from passwordless_otp.models.messages import MessageKind, MessageStatus

MAX_ROWS = 1000  # rows that are counted, and so can be paged to; older ones are found by searching


class CappedPaginator(Paginator):
    """Counts the first rows only: PostgreSQL reads a whole table to count it."""

    @cached_property
    def count(self) -> int:
        """How many rows there are, at most `LIMIT`."""
        rows = self.object_list[:MAX_ROWS]
        return rows.count() if isinstance(rows, QuerySet) else len(rows)


SEARCH_HELP = format_lazy(
    _(
        "An email address or a phone number, whole, in any spelling; or an id. "
        "The list ends after the newest {limit}: older ones are found by searching."
    ),
    limit=lazy(number_format, str)(MAX_ROWS, force_grouping=True),
)


def identifier_in(term: str) -> IdentifierValue | None:
    """Return the identifier that was typed; `None` where it is none."""
    try:
        return identifiers.parse(term, conf.default_region())
    except FormatInvalid:
        return None


def by_id(rows: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the row with this UUID, or none: whatever else was typed is not looked for."""
    try:
        return rows.filter(pk=UUID(term.strip()))
    except ValueError:
        return rows.none()


def link(site: AdminSite, row: Model, text: object) -> str:
    """Return `text` as a link to the page of `row` on this site; the bare text where it has none."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    try:
        url = reverse(name, args=[row.pk], current_app=site.name)
    except NoReverseMatch:
        return format_html("{}", text)
    return format_html('<a href="{}">{}</a>', url, text)


def link_to_flow(site: AdminSite, flow: Flow) -> str:
    """Return a link to the sign-in or sign-up that this flow is."""
    proxy = SignIn if flow.purpose == Purpose.SIGN_IN else SignUp
    return link(site, proxy(pk=flow.pk), flow.get_purpose_display())


class ChoiceFilter(admin.SimpleListFilter):
    """One of `choices_offered`, each with the condition that `condition` returns."""

    title = _("status")
    parameter_name = "status"
    choices_offered: list[tuple[str, Any]] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return values and labels."""
        return self.choices_offered

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow the list to the choice."""
        value = self.value()
        return queryset.filter(self.condition(value)) if value in dict(self.choices_offered) else queryset

    def condition(self, value: Any) -> Q:
        """Return what holds for the rows of this choice."""
        return Q(**{str(self.parameter_name): value})


class FlowStatusFilter(ChoiceFilter):
    """Where a flow stands, as time has it."""

    choices_offered = [*Status.choices, ("abandoned", _("abandoned"))]

    def condition(self, value: Any) -> Q:
        """Tell open from abandoned by the clock."""
        over = Q(expires_at__lte=timezone.now())
        if value == "abandoned":
            return Q(status=Status.OPEN) & over
        return Q(status=Status.OPEN) & ~over if value == Status.OPEN else Q(status=value)


class VerificationStatusFilter(ChoiceFilter):
    """Where a verification stands, as time has it."""

    choices_offered = VerificationStatus.choices

    def condition(self, value: Any) -> Q:
        """Tell unverified from expired by the clock."""
        over = Q(expires_at__lte=timezone.now())
        if value == VerificationStatus.EXPIRED:
            return Q(status=value) | Q(status=VerificationStatus.UNVERIFIED) & over
        return Q(status=value) & ~over if value == VerificationStatus.UNVERIFIED else Q(status=value)


class KindFilter(ChoiceFilter):
    """Email address or phone number."""

    title = _("kind")
    parameter_name = "kind"
    choices_offered = Kind.choices


class MessageStatusFilter(ChoiceFilter):
    """What became of a message."""

    choices_offered = MessageStatus.choices


class MessageKindFilter(ChoiceFilter):
    """What a message says."""

    title = _("kind")
    parameter_name = "kind"
    choices_offered = MessageKind.choices


class ChannelFilter(ChoiceFilter):
    """How a message travels."""

    title = _("channel")
    parameter_name = "channel"
    choices_offered = [("email", _("email")), ("sms", _("SMS"))]


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
    search_help_text = SEARCH_HELP

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
        identifier = identifier_in(search_term)
        found = self.of_address(queryset, identifier) if identifier else by_id(queryset, search_term)
        return found, False

    def of_address(self, queryset: QuerySet[Any], identifier: IdentifierValue) -> QuerySet[Any]:
        """Return the rows of this identifier."""
        return queryset.filter(kind=identifier.kind, value=identifier.value)
