"""The form for an identifier that is added by hand, and what it refuses."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from passwordless_otp import conf, identifiers, users
from passwordless_otp.admin import base
from passwordless_otp.admin.base import CappedPaginator, KindFilter
from passwordless_otp.errors import FormatInvalid
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Identifier


class IdentifierForm(forms.ModelForm):
    """Adds an identifier, or changes which one is primary."""

    operator: Any = None  # whoever fills the form in; the class is made for each request

    def __init__(self, *args: Any, holder: Any = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.holder = holder  # on a user's page: that user, who may not be saved yet
        if self.instance.pk and "value" in self.fields:
            self.fields["value"].disabled = True

    def clean_value(self) -> str:
        """Put the value into canonical form, before rows of one page are compared. Raises `ValidationError`."""
        value: str = self.cleaned_data["value"]
        if self.instance.pk:
            return value
        try:
            self.instance.kind, canonical = identifiers.parse(value, conf.default_region(), "value")
        except FormatInvalid as error:
            raise ValidationError(error.long_message) from error
        return canonical

    def clean(self) -> dict[str, Any]:
        """Refuse identifiers of staff, duplicates and a second primary one. Raises `ValidationError`."""
        user = self.holder or self.cleaned_data.get("user") or (self.instance.pk and self.instance.user)
        if user and is_protected(user) and not is_superuser(self.operator):
            raise ValidationError(_("Only superusers decide with what staff can sign in."))
        others = Identifier.objects.exclude(pk=self.instance.pk)
        value, kind = self.cleaned_data.get("value"), self.instance.kind
        if value and others.filter(kind=kind, value=value).exists():
            self.add_error("value", _("Somebody has this already."))
        rivals = others.filter(user_id=user.pk, kind=kind, primary=True) if user and user.pk else others.none()
        if self.cleaned_data.get("primary") and rivals.exists():
            self.add_error("primary", _("The user has another primary one of this kind."))
        return self.cleaned_data


class IdentifierFormSet(forms.BaseInlineFormSet):
    """The identifiers of one user, compared with each other before any is saved."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        """Tell each form whose page it is on."""
        return {**super().get_form_kwargs(index), "holder": self.instance}

    def save_new_objects(self, commit: bool = True) -> Any:
        """Tell those that the user had before, also the ones that go now."""
        saved = super().save_new_objects(commit)
        if saved and commit:
            dispatch.announce_identifier(self.instance, [form.instance.identifier for form in self.initial_forms])
        return saved

    def clean(self) -> None:
        """Refuse two alike, and two primary ones of a kind. Raises `ValidationError`."""
        super().clean()
        kept = [form for form in self.forms if form.is_valid() and not form.cleaned_data.get("DELETE")]
        rows = [form.instance for form in kept if form.instance.pk or form.has_changed()]
        values = [row.identifier for row in rows]
        primary = [row.kind for row in rows if row.primary]
        if len(set(values)) < len(values):
            raise ValidationError(_("The same identifier stands here twice."))
        if len(set(primary)) < len(primary):
            raise ValidationError(_("Only one identifier of a kind can be the primary one."))


def is_superuser(operator: Any) -> bool:
    """Tell whether this operator may do everything."""
    return bool(operator and operator.is_active and getattr(operator, "is_superuser", False))


def is_protected(user: Any) -> bool:
    """Tell whether this user is staff: saved as such, or about to be by the very form that is handed in."""
    saved = get_user_model()._base_manager.filter(pk=user.pk).first() if user.pk else None
    return users.is_staff(user) or (saved is not None and users.is_staff(saved))


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
    search_help_text = base.SEARCH_HELP

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
        before = [] if change else [other.identifier for other in Identifier.objects.filter(user=obj.user)]
        super().save_model(request, obj, form, change)
        dispatch.announce_identifier(obj.user, before)

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
        identifier = base.identifier_in(search_term)
        return (
            queryset.filter(kind=identifier.kind, value=identifier.value) if identifier else queryset.none()
        ), False


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
