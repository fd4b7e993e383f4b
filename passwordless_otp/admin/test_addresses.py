"""Test identifiers, in rows at the end of the instance settings."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.admin.checks import InlineModelAdminChecks
from django.http import HttpRequest

from passwordless_otp.admin.identifiers import is_superuser
from passwordless_otp.models import TestAddress

COLUMNS = ["identifier", "code", "until"]


class TestIdentifierForm(forms.ModelForm):
    """One row."""

    __test__ = False  # not a test case

    def clean(self) -> dict[str, Any]:
        """Hand on the canonical form, so that two spellings in two rows are found to be one."""
        self.instance.identifier = self.cleaned_data.get("identifier", "")
        if self.instance.identifier:
            self.instance.clean()
            self.cleaned_data["identifier"] = self.instance.identifier
        return self.cleaned_data


class TestIdentifierFormSet(forms.BaseModelFormSet):
    """All rows. The page's own object is no parent of theirs."""

    __test__ = False

    def __init__(self, *args: Any, instance: Any = None, save_as_new: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)

    @classmethod
    def get_default_prefix(cls) -> str:
        """Return what the names of the inputs begin with."""
        return "test_identifiers"


class TestIdentifierChecks(InlineModelAdminChecks):
    """Django's checks of an inline, but for the foreign key that there is none of."""

    __test__ = False

    def _check_exclude_of_parent_model(self, obj: Any, parent_model: Any) -> list[Any]:
        return []

    def _check_relation(self, obj: Any, parent_model: Any) -> list[Any]:
        return []


class TestIdentifierInline(admin.TabularInline):
    """For superusers only, who alone may see the codes as well."""

    __test__ = False
    model = TestAddress
    checks_class = TestIdentifierChecks
    fields: ClassVar[Any] = COLUMNS
    ordering = ["identifier"]

    def get_formset(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """Return the rows without looking for what they belong to."""
        return forms.modelformset_factory(
            TestAddress,
            form=TestIdentifierForm,
            formset=TestIdentifierFormSet,
            fields=COLUMNS,
            extra=0,
            can_delete=True,
            formfield_callback=lambda field: self.formfield_for_dbfield(field, request=request),
        )

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for a superuser."""
        return is_superuser(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for a superuser."""
        return is_superuser(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for a superuser."""
        return is_superuser(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for a superuser."""
        return is_superuser(request.user)
