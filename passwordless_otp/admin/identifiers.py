"""Identifiers: a list of their own, and rows on each user's page."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from passwordless_otp import allauth_addresses, conf, email_field, identifiers, users
from passwordless_otp.admin.base import KindFilter, SearchedAdmin, is_superuser
from passwordless_otp.errors import FormatInvalid, IdentificationClaimed
from passwordless_otp.identifiers import IdentifierValue, Kind
from passwordless_otp.messaging import dispatch
from passwordless_otp.models import Identifier
from passwordless_otp.models.identifiers import filter_unproven, leading

IN_USE = _("Another user has this email address in their account. Change it there first.")


class IdentifierForm(forms.ModelForm):
    """Adds an identifier, or makes one primary."""

    operator: Any = None  # set by `get_form` and `get_formset`, which make a class for each request

    def __init__(self, *args: Any, holder: Any = None, **options: Any) -> None:
        super().__init__(*args, **options)
        self.holder = holder  # the user whose page this is; they may not be saved yet
        if self.instance.pk and "value" in self.fields:
            self.fields["value"].disabled = True

    def clean_value(self) -> str:
        """Return the value in canonical form, so that duplicates on one page are found."""
        value: str = self.cleaned_data["value"]
        if self.instance.pk:
            return value
        try:
            self.instance.kind, canonical = identifiers.parse(value, conf.default_region(), "value")
        except FormatInvalid as error:
            raise ValidationError(error.long_message) from error
        return canonical

    def clean(self) -> dict[str, Any]:
        """Refuse changes to staff, identifiers of other users, and a second primary identifier."""
        user = self.holder or self.cleaned_data.get("user") or (self.instance.pk and self.instance.user)
        if user and is_protected(user) and not is_superuser(self.operator):
            raise ValidationError(_("Only superusers can change how staff sign in. Ask a superuser to do this."))
        others = Identifier.objects.exclude(pk=self.instance.pk)
        value, kind = self.cleaned_data.get("value"), self.instance.kind
        same = Identifier.objects.matching(IdentifierValue(Kind(kind), value)) if value else others.none()
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("value", _("This belongs to another user. Remove it there first."))
        rivals = others.filter(user_id=user.pk, kind=kind, primary=True) if user and user.pk else others.none()
        if self.cleaned_data.get("primary") and rivals.exists():
            told = "The user has another primary identifier of this kind. Untick “Primary” there first."
            self.add_error("primary", told)
        elif self._makes_primary() and user:
            _require_free(user, value or self.instance.value)
        return self.cleaned_data

    def _makes_primary(self) -> bool:
        """Return whether the form is valid so far, and makes an email address primary."""
        makes = self.has_changed() and self.cleaned_data.get("primary") and not self.errors
        return bool(makes) and self.instance.kind == Kind.EMAIL_ADDRESS


class IdentifierFormSet(forms.BaseInlineFormSet):
    """The identifiers of one user."""

    def get_form_kwargs(self, index: int | None) -> dict[str, Any]:
        return {**super().get_form_kwargs(index), "holder": self.instance}

    def save(self, commit: bool = True) -> Any:
        """Save, and let the user's email field follow."""
        if not commit:
            return super().save(commit)
        with Identifier.objects.changing(self.instance):
            return super().save(commit)

    def save_new_objects(self, commit: bool = True) -> Any:
        """Save, and notify the identifiers that the user had before, including those deleted now."""
        saved = super().save_new_objects(commit)
        if saved and commit:
            dispatch.announce_identifier(self.instance, [form.instance.identifier for form in self.initial_forms])
        return saved

    def clean(self) -> None:
        """Refuse duplicates and two primary identifiers of one kind."""
        super().clean()
        kept = [form for form in self.forms if form.is_valid() and not form.cleaned_data.get("DELETE")]
        rows = [form.instance for form in kept if form.instance.pk or form.has_changed()]
        values = [row.identifier for row in rows]
        primary = [row.kind for row in rows if row.primary]
        if len(set(values)) < len(values):
            raise ValidationError(_("Remove the duplicate: an identifier can be listed only once."))
        if len(set(primary)) < len(primary):
            raise ValidationError(_("Choose one primary identifier for each kind."))
        emails = {row.value: row.primary for row in rows if row.kind == Kind.EMAIL_ADDRESS}
        if self.has_changed() and emails:
            _require_free(self.instance, leading(emails, email_field.of(self.instance)))


def _require_free(user: Any, value: str) -> None:
    """Raise `ValidationError` if the user's email field can't be changed to this address."""
    try:
        email_field.require_free(user, value)
        allauth_addresses.require_free(user, value)
    except IdentificationClaimed:
        raise ValidationError(IN_USE) from None


def is_protected(user: Any) -> bool:
    """Return whether this user is staff, as saved or by the form that is being submitted."""
    saved = get_user_model()._base_manager.filter(pk=user.pk).first() if user.pk else None
    return users.is_staff(user) or (saved is not None and users.is_staff(saved))


def _may_touch(request: HttpRequest, user: Any) -> bool:
    return is_superuser(request.user) or not user or not is_protected(user)


class IdentifierInline(admin.TabularInline):
    """Identifiers on the page of a user."""

    model = Identifier
    form = IdentifierForm
    formset = IdentifierFormSet
    fields = ["value", "primary", "verified_at"]
    readonly_fields = ["verified_at"]
    ordering = ["kind", "-primary", "pk"]
    extra = 0
    verbose_name_plural = _("identifiers (one that you add counts as verified)")

    class Media:
        css = {"all": ["passwordless_otp/admin.css"]}

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **options)
        formset.form.operator = request.user
        return formset

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_add_permission(request, obj) and _may_touch(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


class EmailFieldFilter(admin.SimpleListFilter):
    """Identifiers of users whose email field holds an address that they have not proven."""

    title, parameter_name = _("email field"), "email_field"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("unproven", _("holds another address"))] if email_field.find() else []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return filter_unproven(queryset) if self.value() == "unproven" else queryset


class IdentifiersMixin:
    """Put this before the base class of your user's admin page: it lists their identifiers on it.

    Needed where the page is registered after the app's own admin, or with another admin site.
    """

    def __init__(self, model: Any, admin_site: Any) -> None:
        super().__init__(model, admin_site)  # type: ignore[call-arg]
        self.inlines: list[Any] = with_identifiers(getattr(self, "inlines", []))


def with_identifiers(inlines: Sequence[Any]) -> list[Any]:
    """Return these inlines and that of identifiers, unless they have it."""
    has_it = any(issubclass(inline, IdentifierInline) for inline in inlines)
    return [*inlines] if has_it else [*inlines, IdentifierInline]


MOST_COUNTED = 1000  # users without an identifier
WITHOUT = _(
    "%(number)s users have an email address and no identifier. The setting EXISTING_USERS decides whether a code "
    "signs them in; “manage.py otp_import” makes identifiers of what the site has verified."
)
BY_HAND = _(
    "An identifier that you add counts as verified: anybody who receives messages there can sign in as this "
    "user. Make sure that it is theirs."
)


@admin.register(Identifier)
class IdentifierAdmin(SearchedAdmin):
    """Identifiers of all users. Only superusers can change those of staff."""

    form = IdentifierForm
    fieldsets = [(None, {"fields": ["user", "value", "primary"], "description": BY_HAND})]
    raw_id_fields = ["user"]
    list_display = ["value", "kind", "user", "primary", "verified_at", "undeliverable_at"]
    list_filter = [KindFilter, EmailFieldFilter]
    list_select_related = ["user"]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fieldset with the explanation for a new identifier, and one with all fields otherwise."""
        names = ["user", "kind", "value", "primary", "verified_at", "undeliverable_at"]
        return self.fieldsets if obj is None else [(None, {"fields": names})]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Make user and value read-only once saved: an operator deletes the identifier and adds another."""
        return [] if obj is None else ["user", "kind", "value", "verified_at", "undeliverable_at"]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **options: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **options)
        form.operator = request.user
        return form

    def save_model(self, request: HttpRequest, obj: Identifier, form: Any, change: bool) -> None:
        """Save, and notify the identifiers that the user had before of an added one."""
        before = [] if change else [other.identifier for other in Identifier.objects.filter(user=obj.user)]
        with Identifier.objects.changing(obj.user):
            super().save_model(request, obj, form, change)
        dispatch.announce_identifier(obj.user, before)

    def delete_model(self, request: HttpRequest, obj: Identifier) -> None:
        with Identifier.objects.changing(obj.user):
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Identifier]) -> None:
        users_of = get_user_model()._base_manager.using(queryset.db)
        people = users_of.filter(otp_identifiers__in=queryset.order_by())
        with Identifier.objects.changing(*people):
            super().delete_queryset(request, queryset)

    def changeform_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        return self._or_refuse(request, super().changeform_view, *args, **options)

    def delete_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        return self._or_refuse(request, super().delete_view, *args, **options)

    def changelist_view(self, request: HttpRequest, *args: Any, **options: Any) -> Any:
        if request.method == "GET" and (number := Identifier.objects.users_without()[: MOST_COUNTED + 1].count()):
            shown = f"{number:,}" if number <= MOST_COUNTED else _("More than %s") % f"{MOST_COUNTED:,}"
            self.message_user(request, WITHOUT % {"number": shown}, messages.WARNING)
        return self._or_refuse(request, super().changelist_view, *args, **options)

    def _or_refuse(self, request: HttpRequest, view: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Show the page again with an error if the address that would become primary is another user's."""
        try:
            return view(request, *args, **options)
        except IdentificationClaimed:
            self.message_user(request, IN_USE, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj and obj.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj and obj.user)


def attach() -> None:
    """Add the inline to the page of the site's user model, if that is registered by now."""
    model = get_user_model()
    if not admin.site.is_registered(model):
        return
    page: Any = admin.site.get_model_admin(model)
    page.inlines = with_identifiers(page.inlines)
