"""What all lists of the admin share: search, filters, links, and lists that stay fast with millions of rows."""

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

MAX_ROWS = 1000  # the newest rows, which a list counts and pages through; older ones are found by searching


class CappedPaginator(Paginator):
    """Counts at most `MAX_ROWS` rows, because PostgreSQL reads a whole table to count it."""

    @cached_property
    def count(self) -> int:
        """The number of rows, at most `MAX_ROWS`."""
        rows = self.object_list[:MAX_ROWS]
        return rows.count() if isinstance(rows, QuerySet) else len(rows)


SEARCH_HELP = format_lazy(
    _(
        "Enter a whole email address, phone number or id. The list shows the newest {limit}; "
        "search to find older ones."
    ),
    limit=lazy(number_format, str)(MAX_ROWS, force_grouping=True),
)


def is_superuser(operator: Any) -> bool:
    """Return whether this operator is an active superuser."""
    return bool(operator and operator.is_active and getattr(operator, "is_superuser", False))


def link(site: AdminSite, row: Model, text: object) -> str:
    """Return `text` as a link to the admin page of `row`, or plain if `row` has no page on this site."""
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    try:
        url = reverse(name, args=[row.pk], current_app=site.name)
    except NoReverseMatch:
        return format_html("{}", text)
    return format_html('<a href="{}">{}</a>', url, text)


def link_to_flow(site: AdminSite, flow: Flow) -> str:
    """Return a link to the page of this sign-in or sign-up."""
    proxy = SignIn if flow.purpose == Purpose.SIGN_IN else SignUp
    return link(site, proxy(pk=flow.pk), flow.get_purpose_display())


class ChoiceFilter(admin.SimpleListFilter):
    """A filter that offers `choices_offered` and matches the rows of `condition`."""

    title, parameter_name = _("status"), "status"
    choices_offered: list[tuple[str, Any]] = []

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return self.choices_offered

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows of the choice. An unknown value in the URL filters nothing."""
        value = self.value()
        return queryset.filter(self.condition(value)) if value in dict(self.choices_offered) else queryset

    def condition(self, value: Any) -> Q:
        """Return the condition for this choice: by default, that the column has this value."""
        return Q(**{str(self.parameter_name): value})


class FlowStatusFilter(ChoiceFilter):
    """Status of a flow. An open flow that has expired counts as abandoned."""

    choices_offered = [*Status.choices, ("abandoned", _("abandoned"))]

    def condition(self, value: Any) -> Q:
        over = Q(expires_at__lte=timezone.now())
        if value == "abandoned":
            return Q(status=Status.OPEN) & over
        return Q(status=Status.OPEN) & ~over if value == Status.OPEN else Q(status=value)


class VerificationStatusFilter(ChoiceFilter):
    """Status of a verification, as `Verification.state` has it: one whose time is over counts as expired."""

    choices_offered = VerificationStatus.choices

    def condition(self, value: Any) -> Q:
        over = Q(expires_at__lte=timezone.now())
        lapsed = Q(status=VerificationStatus.VERIFIED, flow__status=Status.OPEN) & over
        expired = Q(status=VerificationStatus.UNVERIFIED) & over | lapsed
        return Q(status=value) | expired if value == VerificationStatus.EXPIRED else Q(status=value) & ~expired


class KindFilter(ChoiceFilter):
    """Email address or phone number."""

    title, parameter_name = _("kind"), "kind"
    choices_offered = Kind.choices


class MessageStatusFilter(ChoiceFilter):
    """Delivery status of a message."""

    choices_offered = MessageStatus.choices


class MessageKindFilter(KindFilter):
    """Kind of a message."""

    choices_offered = MessageKind.choices


class ChannelFilter(ChoiceFilter):
    """Email or SMS."""

    title, parameter_name = _("channel"), "channel"
    choices_offered = [("email", _("email")), ("sms", _("SMS"))]


def never(page: Any, request: HttpRequest, obj: Any = None) -> bool:
    """Return `False`, as a permission of a page whose rows only the app writes."""
    return False


class LongListAdmin(admin.ModelAdmin):
    """A list that stays fast as its table grows."""

    ordering: ClassVar[Any] = ["-pk"]  # UUIDs of version 7 sort by time
    sortable_by: ClassVar[Any] = []
    list_per_page = 50
    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER


class SearchedAdmin(LongListAdmin):
    """A list that is searched by a whole identifier in any spelling. Any other search term finds nothing."""

    search_fields: ClassVar[Any] = ["pk"]  # makes Django show the search box; see `get_search_results`
    search_help_text = SEARCH_HELP

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow only our own filters: `?nonce__startswith=a` would reveal a secret, or a user's column."""
        return any(lookup == getattr(offered, "parameter_name", None) for offered in self.list_filter)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term:
            return queryset, False
        try:
            identifier = identifiers.parse(search_term, conf.default_region())
        except FormatInvalid:
            return self.filter_by_id(queryset, search_term), False
        return self.filter_by_identifier(queryset, identifier), False

    def filter_by_identifier(self, queryset: QuerySet[Any], identifier: IdentifierValue) -> QuerySet[Any]:
        values = [form.value for form in identifiers.forms(identifier)]
        return queryset.filter(kind=identifier.kind, value__in=values)

    def filter_by_id(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        return queryset.none()


class RecordInline(admin.TabularInline):
    """Read-only rows on another page."""

    ordering = ["pk"]
    extra = 0
    can_delete = False
    has_add_permission = has_change_permission = never


class RecordAdmin(SearchedAdmin):
    """A read-only list, newest first, that is also searched by UUID."""

    actions = None
    has_add_permission = has_change_permission = never

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return `False` on our own pages. A user's page asks, too: records are deleted with their user."""
        page = request.resolver_match
        own = page is None or (page.url_name or "").startswith("passwordless_otp_")
        return obj is not None and not own

    def filter_by_id(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        try:
            return queryset.filter(pk=UUID(term.strip()))
        except ValueError:
            return queryset.none()
